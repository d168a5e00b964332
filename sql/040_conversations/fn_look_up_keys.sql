create function crm_private.look_up_keys(
  p_account crm.channel_accounts,
  p_keys crm_private.item_key[],
  out conversations crm_private.item_conversation[],
  out unclaimed crm_private.item_key[]
)
language plpgsql
stable
set search_path = ''
as $$
begin
  with looked_up as materialized (
    select k as key, k.ordinal, c.conversation_id
    from unnest(p_keys) k
    left join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and x.kind = k.kind and x.value = k.value
      offset 0
    ) c on true
  )
  select
    array(
      select row(o.ordinal, o.conversation_id)::crm_private.item_conversation
      from (select distinct l.ordinal, l.conversation_id from looked_up l where l.conversation_id is not null) o
      order by o.ordinal, o.conversation_id),
    array(select l.key from looked_up l where l.conversation_id is null)
  into conversations, unclaimed;
end;
$$;
comment on function crm_private.look_up_keys(crm.channel_accounts, crm_private.item_key[]) is
  'The conversations that the keys of each item point at, and the keys that no conversation of the account has.

conversations: sorted and without repetition. A conversation that this transaction claimed may have no row yet.
unclaimed: in the order given.';
