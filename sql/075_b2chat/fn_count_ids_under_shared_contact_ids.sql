create function crm_private.count_ids_under_shared_contact_ids(
  p_before crm.channel_accounts,
  p_after crm.channel_accounts
)
returns int
language plpgsql
stable
set search_path = ''
as $$
declare
  v_scope text := crm_private.chat_contact_scope(p_before);
begin
  if p_before.channel <> 'b2chat' or v_scope = crm_private.chat_contact_scope(p_after) then
    return 0;
  end if;
  -- Ids that the contacts export alone has named stay where they are.
  if not exists (
    select from crm.conversations v
    where v.workspace_id = p_before.workspace_id and v.channel_account_id = p_before.id) then
    return 0;
  end if;
  return (
    select count(*)
    from (
      select
      from crm.contact_identities i
      where i.workspace_id = p_before.workspace_id and i.kind = 'b2chat_id' and i.scope = v_scope
      limit 1000
    ) n
  );
end;
$$;
comment on function crm_private.count_ids_under_shared_contact_ids(crm.channel_accounts, crm.channel_accounts) is
  'How many contact ids that the merchant''s chats may name, up to 1,000, are kept in the scope that would change.

update_channel_account refuses such a change. None before the first chat: which ids chats name is not kept beside
them.';
