create function crm_private.identity_scope(p_kind text, p_scope text, p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case crm_private.kind_scopes() ->> p_kind
    when 'account' then coalesce(p_scope, p_account.external_id, '')
    when 'business' then coalesce(crm_private.business_scope(p_account), p_scope, p_account.external_id, '')
    when 'chats' then coalesce(p_scope, 'chats:' || p_account.external_id, '')
    else ''
  end;
end;
$$;
comment on function crm_private.identity_scope(text, text, crm.channel_accounts) is
  'The scope in which an identity of the kind is stored that a delivery of the account gives, with p_scope or without.

By the kind''s scope_from; '''' for a kind without one. Only kinds in kind_scopes() need the call.';
