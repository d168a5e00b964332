create function crm_private.has_unlinked_items(p_account crm.channel_accounts, p_keys crm_private.item_key[])
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select
    from unnest(p_keys) k
    left join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = k.kind and x.value = k.value
      offset 0
    ) c on true
    left join lateral (
      select v.contact_id from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = c.conversation_id offset 0
    ) v on true
    where v.contact_id is null);
end;
$$;
comment on function crm_private.has_unlinked_items(crm.channel_accounts, crm_private.item_key[]) is
  'True when one of the keys names no conversation yet, or one without a contact.';
