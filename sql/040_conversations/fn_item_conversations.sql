create function crm_private.item_conversations(p_account crm.channel_accounts, p_keys crm_private.item_key[])
returns crm_private.item_conversation[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(row(o.ordinal, o.conversation_id)::crm_private.item_conversation order by o.ordinal, o.conversation_id), '{}')
    from (
      select distinct k.ordinal, c.conversation_id
      from unnest(p_keys) k
      cross join lateral (
        select x.conversation_id
        from crm.conversation_keys x
        where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = k.kind and x.value = k.value
        offset 0
      ) c
    ) o
  );
end;
$$;
comment on function crm_private.item_conversations(crm.channel_accounts, crm_private.item_key[]) is
  'Which conversations the keys of each item point at. A conversation claimed by this transaction may have no row yet.';
