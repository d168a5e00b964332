create function crm_private.item_keys(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_identities crm_private.item_identity[]
)
returns crm_private.item_key[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(row(k.ordinal, k.kind, k.value)::crm_private.item_key
      order by k.kind, k.value collate "C", k.ordinal), '{}')
    from (
      select i.ordinal, 'thread' as kind, i.thread_id as value
      from unnest(p_items) i
      where i.problem is null and i.thread_id is not null
      union all
      select d.ordinal, 'participant', d.kind || ':' || d.value
      from unnest(p_identities) d
      where crm_private.kind_channels() ->> d.kind = p_account.channel
    ) k
  );
end;
$$;
comment on function crm_private.item_keys(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.item_identity[]
) is
  'What names the conversation of each item: its thread id, and those ids of the participant that do on the channel.

Sorted, so that every caller claims in one order.';
