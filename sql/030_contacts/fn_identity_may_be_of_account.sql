create function crm_private.identity_may_be_of_account(p_kind text, p_scope text, p_account crm.channel_accounts)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case crm_private.kind_scopes() ->> p_kind
    when 'account' then p_scope = crm_private.identity_scope(p_kind, null, p_account)
    when 'chats' then split_part(p_scope, ':', 2) = p_account.external_id
    else true
  end;
end;
$$;
comment on function crm_private.identity_may_be_of_account(text, text, crm.channel_accounts) is
  'False for an identity in this scope that belongs to another account: another page, another merchant.

A scope that several accounts share says nothing about the account, and neither does none.';
