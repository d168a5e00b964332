create function crm_private.claim_identities(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_unowned crm_private.item_identity[],
  p_owned crm_private.item_owner[],
  p_new_ids uuid[],
  p_id_changes int[]
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_claimed int;
begin
  insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery, is_previous)
  select p_workspace_id, n.kind, n.scope, n.value, p_new_ids[n.ordinal], p_sync_source, n.rule,
    n.delivery, n.is_previous
  from (
    select distinct on (d.kind, d.scope, d.value) d.kind, d.scope, d.value, d.ordinal, d.is_previous, i.delivery,
      case when c.ordinal is not null then 'id_change' when o.ordinal is not null then 'attached'
        else 'created' end as rule
    from unnest(p_unowned) d
    join unnest(p_items) i on i.ordinal = d.ordinal
    left join (select distinct x.ordinal from unnest(p_owned) x) o on o.ordinal = d.ordinal
    left join unnest(p_id_changes) c (ordinal) on c.ordinal = d.ordinal
    order by d.kind, d.scope, d.value, d.ordinal
  ) n
  order by n.kind, n.scope, n.value
  on conflict (workspace_id, kind, scope, value) do nothing;
  get diagnostics v_claimed = row_count;
  return v_claimed;
end;
$$;
comment on function crm_private.claim_identities(
  uuid, text, crm_private.inbound_item[], crm_private.item_identity[], crm_private.item_owner[], uuid[], int[]
) is
  'Claims identities nobody owns, in sorted order, for a contact that gets its row later (p_new_ids by ordinal): the
loser of a race waits here and then reads the winner, and no row is left behind. How many it got. p_id_changes: the
items that say the person''s id changed.';
