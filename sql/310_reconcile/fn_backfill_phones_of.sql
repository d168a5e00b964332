create function crm_private.backfill_phones_of(
  p_workspace_id uuid,
  p_after uuid,
  p_limit int,
  out scanned int,
  out normalized int,
  out merged int,
  out candidates int,
  out last_id uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_country text := (select w.default_country from crm.workspaces w where w.id = p_workspace_id);
  v_phones crm_private.item_identity[];
  v_ids uuid[];
  v_pair record;
begin
  select array_agg(c.id order by c.id),
    coalesce(array_agg(row(c.place, 'phone', '', c.phone,
        array_position(crm_private.kind_names(), 'phone'), false, false)::crm_private.item_identity
      order by c.phone collate "C", c.id) filter (where c.phone is not null and not c.is_blocked), '{}')
  into v_ids, v_phones
  from (
    select b.id, b.place, n.phone, exists (
        select from crm.blocked_identity_values x
        where x.kind in ('*', 'phone') and (x.workspace_id is null or x.workspace_id = p_workspace_id)
          and n.phone ~* ('^(?:' || x.pattern || ')$')
      ) as is_blocked
    from (
      select c.id, coalesce(nullif(btrim(c.mobile), ''), c.phone) as given,
        (row_number() over (order by c.id))::int as place
      from crm.contacts c
      where c.workspace_id = p_workspace_id and c.id > p_after and (c.mobile is not null or c.phone is not null)
        and c.merged_into_id is null
      order by c.id
      limit p_limit
    ) b
    cross join lateral (select crm_private.canonical_identity_value('phone', b.given, v_country) as phone offset 0) n
  ) c;
  scanned := coalesce(cardinality(v_ids), 0);
  last_id := v_ids[scanned];
  merged := 0;
  candidates := 0;

  -- Claim identities before locking contacts (ADR 4).
  perform crm_private.lock_phone_variants(p_workspace_id,
    v_phones || array(
      select row(d.ordinal, d.kind, d.scope, v.value, d.strength, false, true)::crm_private.item_identity
      from unnest(v_phones) d cross join lateral unnest(crm_private.phone_variants(d.value)) v (value)),
    v_phones);
  insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery)
  select distinct on (d.value) p_workspace_id, 'phone', '', d.value, c.id, c.sync_source, 'backfill', 'backfill_phones'
  from unnest(v_phones) d
  join crm.contacts c on c.workspace_id = p_workspace_id and c.id = v_ids[d.ordinal]
  order by d.value, c.needs_full_sync, c.created_at, c.id
  on conflict (workspace_id, kind, scope, value) do nothing;

  -- Lock the contacts of this call and those they may be merged with, in id order.
  perform l.id
  from (
    select i.id from unnest(v_ids) i (id)
    union
    select x.contact_id
    from unnest(v_phones) d
    cross join lateral unnest(d.value || crm_private.phone_variants(d.value)) p (value)
    cross join lateral (
      select o.contact_id from crm.contact_identities o
      where o.workspace_id = p_workspace_id and o.kind = 'phone' and o.scope = '' and o.value = p.value offset 0
    ) x
    order by 1
  ) i
  cross join lateral (
    select c.id from crm.contacts c where c.workspace_id = p_workspace_id and c.id = i.id
    for no key update
  ) l;

  if exists (
    select from unnest(v_ids || array(
      select o.contact_id from unnest(v_phones) d cross join lateral (
        select x.contact_id from crm.contact_identities x
        where x.workspace_id = p_workspace_id and x.kind = 'phone' and x.scope = ''
          and x.value = d.value offset 0) o)) i (id)
    left join lateral (
      select true as is_there from crm.contacts c
      where c.workspace_id = p_workspace_id and c.id = i.id and c.merged_into_id is null offset 0
    ) c on true
    where c.is_there is null) then
    raise exception using errcode = 'serialization_failure', message = 'A contact was merged away meanwhile.';
  end if;

  -- Touching the column is enough: its trigger computes the value.
  with changed as (
    update crm.contacts c set phone_normalized = n.phone
    from unnest(v_ids) with ordinality i (id, place)
    cross join lateral (
      select crm.normalize_phone(coalesce(x.mobile, x.phone), v_country) as phone
      from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.id offset 0
    ) n
    where c.workspace_id = p_workspace_id and c.id = i.id and c.phone_normalized is distinct from n.phone
    returning c.id
  )
  select count(*) into normalized from changed;

  for v_pair in
    select v_ids[d.ordinal] as id, o.contact_id as other_id, o.value
    from unnest(v_phones) d
    cross join lateral unnest(d.value || crm_private.phone_variants(d.value)) p (value)
    cross join lateral (
      select x.contact_id, x.value
      from crm.contact_identities x
      where x.workspace_id = p_workspace_id and x.kind = 'phone' and x.scope = '' and x.value = p.value
      offset 0
    ) o
    where o.contact_id <> v_ids[d.ordinal]
    order by 1, 2
  loop
    case crm_private.merge_or_propose(p_workspace_id, v_pair.id, v_pair.other_id, 'same phone number',
        jsonb_build_object('identities',
          jsonb_build_array(jsonb_build_object('kind', 'phone', 'scope', '', 'value', v_pair.value))))
      when 'merged' then merged := merged + 1;
      when 'candidate' then candidates := candidates + 1;
      else null;
    end case;
  end loop;
end;
$$;
comment on function crm_private.backfill_phones_of(uuid, uuid, int) is
  'The work of one call of backfill_phones: the p_limit contacts with a phone after p_after, in id order.

last_id is the last of them.';
