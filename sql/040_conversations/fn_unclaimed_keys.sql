create function crm_private.unclaimed_keys(p_account crm.channel_accounts, p_keys crm_private.item_key[])
returns crm_private.item_key[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(row(k.ordinal, k.kind, k.value)::crm_private.item_key), '{}')
    from unnest(p_keys) k
    left join lateral (
      select true as claimed
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = k.kind and x.value = k.value
      offset 0
    ) c on true
    where c.claimed is null
  );
end;
$$;
comment on function crm_private.unclaimed_keys(crm.channel_accounts, crm_private.item_key[]) is 'Those of the keys that no conversation of the account has.';
