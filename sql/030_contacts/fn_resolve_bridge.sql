create function crm_private.resolve_bridge(
  p_workspace_id uuid,
  p_sync_source text,
  p_ordinal int,
  p_identities crm_private.item_identity[],
  p_new_id uuid
)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_owners uuid[];
  v_again uuid[];
  v_target uuid;
  v_target_is_stub boolean;
  v_target_created_at timestamptz;
  v_other record;
  v_claim record;
  v_kinds text[];
  v_scopes text[];
  v_values text[];
begin
  select array_agg(d.kind), array_agg(d.scope), array_agg(d.value)
  into v_kinds, v_scopes, v_values
  from unnest(p_identities) d
  where d.ordinal = p_ordinal and not d.is_previous;

  -- Lock the owners in id order and read the owners again, until
  -- the two agree: a merge may have moved identities meanwhile.
  v_owners := crm_private.identity_owners(p_workspace_id, p_ordinal, p_identities);
  loop
    perform from crm.contacts c
    where c.workspace_id = p_workspace_id and c.id = any (v_owners)
    order by c.id
    for no key update;
    v_again := crm_private.identity_owners(p_workspace_id, p_ordinal, p_identities);
    exit when v_again = v_owners;
    v_owners := v_again;
  end loop;

  -- The strongest identity's owner decides, unless it cannot be this person.
  select c.id, c.needs_full_sync, c.created_at
  into v_target, v_target_is_stub, v_target_created_at
  from unnest(v_owners) with ordinality o (id, place)
  cross join lateral (
    select x.id, x.needs_full_sync, x.created_at
    from crm.contacts x where x.workspace_id = p_workspace_id and x.id = o.id offset 0
  ) c
  where not crm_private.contact_excludes(p_workspace_id, c.id, v_kinds, v_scopes, v_values)
  order by o.place
  limit 1;

  if v_target is null then
    if exists (
      select from unnest(v_owners) o (id)
      where not exists (select from crm.contacts c where c.workspace_id = p_workspace_id and c.id = o.id)) then
      -- It brings an identity that nobody had: that makes a contact of its own.
      v_target := p_new_id;
      v_target_is_stub := p_sync_source = 'chat_embedded';
    else
      -- Everything it names belongs to somebody: the strongest decides, and a replay finds the same.
      select c.id, c.needs_full_sync, c.created_at into v_target, v_target_is_stub, v_target_created_at
      from crm.contacts c
      where c.workspace_id = p_workspace_id and c.id = v_owners[1];
    end if;
  end if;

  for v_other in
    select c.id, c.needs_full_sync as is_stub, c.created_at
    from unnest(v_owners) with ordinality o (id, place)
    cross join lateral (
      select x.id, x.needs_full_sync, x.created_at
      from crm.contacts x where x.workspace_id = p_workspace_id and x.id = o.id offset 0
    ) c
    where c.id <> v_target
    order by o.place
  loop
    -- Only stubs merge on their own, and into a contact that has a row.
    if (v_other.is_stub or v_target_is_stub)
      and v_target_created_at is not null
      and not crm_private.contact_excludes(p_workspace_id, v_other.id, v_kinds, v_scopes, v_values)
      and not crm_private.contacts_are_kept_apart(p_workspace_id, v_target, v_other.id) then
      if crm_private.survivor_of(v_target, v_target_is_stub, v_target_created_at, v_other.id, v_other.is_stub,
          v_other.created_at) = v_other.id then
        perform crm_private.apply_contact_merge(p_workspace_id, v_other.id, v_target,
          'bridged by a delivery', 'system');
        v_target := v_other.id;
        v_target_is_stub := v_other.is_stub;
        v_target_created_at := v_other.created_at;
      else
        perform crm_private.apply_contact_merge(p_workspace_id, v_target, v_other.id,
          'bridged by a delivery', 'system');
      end if;
    end if;
  end loop;

  -- What this call claimed for contacts that have no row yet belongs to the target.
  for v_claim in
    select d.kind, d.scope, d.value
    from unnest(p_identities) d
    cross join lateral (
      select x.contact_id
      from crm.contact_identities x
      where x.workspace_id = p_workspace_id and x.kind = d.kind and x.scope = d.scope and x.value = d.value
      offset 0
    ) i
    left join lateral (
      select true as is_there from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
    ) c on true
    where d.ordinal = p_ordinal and i.contact_id <> v_target and c.is_there is null
  loop
    update crm.contact_identities i set contact_id = v_target
    where i.workspace_id = p_workspace_id and i.kind = v_claim.kind and i.scope = v_claim.scope
      and i.value = v_claim.value;
  end loop;
  return v_target;
end;
$$;
comment on function crm_private.resolve_bridge(uuid, text, int, crm_private.item_identity[], uuid) is
  'The contact of an item whose identities have several owners: the strongest identity''s owner that can be this person,
else p_new_id. Stubs among the other owners are merged. The identities that stay elsewhere are the evidence for a merge
candidate, which the caller records once the contact has a row.';
