create function crm_private.resolve_contacts(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_identities crm_private.item_identity[],
  p_now timestamptz,
  out contact_ids uuid[],
  out outcomes text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_new_ids uuid[];
  v_owned crm_private.item_owner[];
  v_again crm_private.item_owner[];
  v_bridges int[];
  v_ordinal int;
  v_id uuid;
  v_writes boolean;
begin
  contact_ids := array_fill(null::uuid, array[cardinality(p_items)]);
  outcomes := array_fill('ignored'::text, array[cardinality(p_items)]);
  if cardinality(p_identities) = 0 then
    return;
  end if;

  -- 1. Claim what nobody owns, in sorted order, for a contact that gets its row later: the loser of a race waits here
  --    and then reads the winner, and no row is left behind.
  v_new_ids := array(select gen_random_uuid() from generate_series(1, cardinality(p_items)));
  insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery)
  select p_workspace_id, n.kind, n.scope, n.value, v_new_ids[n.ordinal], p_sync_source,
    case when n.is_previous then 'id_change' when n.has_owner then 'attached' else 'created' end, n.delivery
  from (
    select distinct on (d.kind, d.scope, d.value) d.kind, d.scope, d.value, d.ordinal, d.is_previous, i.delivery,
      bool_or(o.contact_id is not null) over (partition by d.ordinal) as has_owner, o.contact_id
    from unnest(p_identities) d
    join unnest(p_items) i on i.ordinal = d.ordinal
    left join lateral (
      select c.contact_id
      from crm.contact_identities c
      where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
      offset 0
    ) o on true
    order by d.kind, d.scope, d.value, d.ordinal
  ) n
  where n.contact_id is null
  order by n.kind, n.scope, n.value
  on conflict (workspace_id, kind, scope, value) do nothing;

  -- 2. Lock the owners, in id order, and read them again until that changes nothing: a merge moves identities while it holds both.
  --    Whoever brings fields may update; whoever brings none only needs the contact to stay. One mode for all, so that the order holds.
  v_writes := p_sync_source = 'contacts_api'
    or exists (select from unnest(p_items) i where i.participant - 'identities' - 'previous_identities' <> '{}');
  v_owned := crm_private.item_owners(p_workspace_id, p_identities);
  loop
    if v_writes then
      perform from crm.contacts c
      where c.workspace_id = p_workspace_id and c.id in (select o.contact_id from unnest(v_owned) o)
      order by c.id
      for no key update;
    else
      perform from crm.contacts c
      where c.workspace_id = p_workspace_id and c.id in (select o.contact_id from unnest(v_owned) o)
      order by c.id
      for share;
    end if;
    v_again := crm_private.item_owners(p_workspace_id, p_identities);
    exit when v_again = v_owned;
    v_owned := v_again;
  end loop;

  -- 3. One owner: that is the contact. Several: a bridge, one at a time below.
  for v_ordinal, v_id in
    select o.ordinal, min(o.contact_id::text)::uuid from unnest(v_owned) o group by o.ordinal having count(*) = 1
  loop
    contact_ids[v_ordinal] := v_id;
  end loop;
  v_bridges := array(select o.ordinal from unnest(v_owned) o group by o.ordinal having count(*) > 1 order by o.ordinal);

  select array_agg(a.outcome order by a.ordinal) into outcomes
  from crm_private.apply_contact_fields(p_workspace_id, p_sync_source, p_items, p_identities, contact_ids, p_now) a;

  foreach v_ordinal in array v_bridges loop
    contact_ids[v_ordinal] := crm_private.resolve_bridge(p_workspace_id, p_sync_source, v_ordinal, p_identities, v_new_ids[v_ordinal]);
    outcomes[v_ordinal] := (
      select a.outcome
      from crm_private.apply_contact_fields(p_workspace_id, p_sync_source, p_items[v_ordinal:v_ordinal], p_identities, contact_ids, p_now) a);
    perform crm_private.record_merge_candidates(p_workspace_id, v_ordinal, p_identities, contact_ids[v_ordinal]);
  end loop;

  -- A bridge may have merged away a contact that an earlier item of this call was given.
  if cardinality(v_bridges) > 0 then
    select array_agg(coalesce(crm_private.surviving_contact(p_workspace_id, c.id), c.id) order by c.place) into contact_ids
    from unnest(contact_ids) with ordinality c (id, place);
  end if;
end;
$$;
comment on function crm_private.resolve_contacts(uuid, text, crm_private.inbound_item[], crm_private.item_identity[], timestamptz) is
  'The contact of each item (by ordinal; null without a usable identity) and what became of it, creating, updating and merging as the rules of resolution say. One identity never points at two contacts: its primary key is claimed before anything else.';
