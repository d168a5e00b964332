create function crm_private.apply_contact_fields(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_identities crm_private.item_identity[],
  p_contact_ids uuid[],
  p_now timestamptz
)
returns table (ordinal int, outcome text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_created uuid[];
  v_upgraded uuid[];
  v_winners jsonb;
begin
  -- A field belongs to whoever comes last in the order (source's rank, source's time, value, delivery). That is a total order,
  -- so the winner does not depend on the order of arrival, and a replay finds nothing to win.
  with incoming as (
    select p_contact_ids[i.ordinal] as contact_id, i.ordinal, f.field, f.value,
      crm_private.source_rank(p_sync_source) as rank, i.source_time as at, i.delivery
    from unnest(p_items) i
    cross join lateral (
      select pf.field, pf.value from crm_private.participant_fields(i.participant) pf
      union all
      select d.kind, to_jsonb(d.value)
      from unnest(p_identities) d
      where d.ordinal = i.ordinal and d.kind in ('wa_id', 'identification') and not d.is_previous and not i.participant ? d.kind
    ) f
    where p_contact_ids[i.ordinal] is not null and i.participant is not null
  ), best as (
    select distinct on (n.contact_id, n.field) n.*
    from incoming n
    order by n.contact_id, n.field, n.at desc nulls last, n.value #>> '{}' collate "C" desc, n.delivery collate "C" desc
  ), compared as (
    select b.*,
      case
        when c.id is null then true
        when cur.value is null then true
        else row(b.rank, coalesce(b.at, '-infinity'), b.value #>> '{}' collate "C", b.delivery collate "C")
          > row(crm_private.source_rank(coalesce(c.field_sources -> b.field ->> 'source', c.sync_source)),
            coalesce((c.field_sources -> b.field ->> 'at')::timestamptz, '-infinity'),
            cur.value #>> '{}' collate "C",
            coalesce(c.field_sources -> b.field ->> 'delivery', '') collate "C")
      end as wins,
      cur.value is distinct from b.value as differs
    from best b
    left join crm.contacts c on c.workspace_id = p_workspace_id and c.id = b.contact_id
    left join lateral (
      select case
        when b.field like 'custom\_attributes.%' then c.custom_attributes -> substr(b.field, length('custom_attributes.') + 1)
        when b.field = 'tags' then nullif(c.tags, '[]')
        else nullif(to_jsonb(c) -> b.field, 'null')
      end as value
    ) cur on true
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'contact_id', w.contact_id, 'ordinal', w.ordinal, 'field', w.field, 'value', w.value, 'wins', w.wins, 'differs', w.differs,
      'source', jsonb_build_object('source', p_sync_source, 'at', w.at, 'delivery', w.delivery))), '[]')
  into v_winners
  from compared w;

  with fields as (
    select w.contact_id,
      jsonb_object_agg(w.field, w.value) filter (where w.field not like 'custom\_attributes.%') as columns,
      jsonb_object_agg(substr(w.field, length('custom_attributes.') + 1), w.value) filter (where w.field like 'custom\_attributes.%') as custom,
      jsonb_object_agg(w.field, w.source) as sources
    from jsonb_to_recordset(v_winners) as w (contact_id uuid, field text, value jsonb, wins boolean, source jsonb)
    where w.wins
    group by w.contact_id
  ), targets as (
    select i.contact_id, f.columns, f.custom, f.sources, i.source_updated_at,
      c.id is not null as exists, coalesce(c.needs_full_sync, false) as was_stub
    from (
      select p_contact_ids[i.ordinal] as contact_id, max(case when p_sync_source = 'contacts_api' then i.source_time end) as source_updated_at
      from unnest(p_items) i
      where p_contact_ids[i.ordinal] is not null
      group by 1
    ) i
    left join fields f on f.contact_id = i.contact_id
    left join crm.contacts c on c.workspace_id = p_workspace_id and c.id = i.contact_id
  ), inserted as (
    insert into crm.contacts (
      workspace_id, id, full_name, email, phone, mobile, landline, wa_id, identification, address, city, country, company, merchant_id,
      tags, custom_attributes, sync_source, needs_full_sync, last_sync_at, field_sources, source_created_at, source_updated_at)
    select p_workspace_id, t.contact_id, r.full_name, r.email, r.phone, r.mobile, r.landline, r.wa_id, r.identification, r.address, r.city,
      r.country, r.company, r.merchant_id, coalesce(r.tags, '[]'), coalesce(t.custom, '{}'), p_sync_source,
      p_sync_source = 'chat_embedded', p_now, coalesce(t.sources, '{}'), r.source_created_at, t.source_updated_at
    from targets t
    cross join lateral jsonb_populate_record(null::crm.contacts, coalesce(t.columns, '{}')) r
    where not t.exists
    order by t.contact_id
    returning id
  ), updated as (
    update crm.contacts c set
      full_name = coalesce(r.full_name, c.full_name),
      email = coalesce(r.email, c.email),
      phone = coalesce(r.phone, c.phone),
      mobile = coalesce(r.mobile, c.mobile),
      landline = coalesce(r.landline, c.landline),
      wa_id = coalesce(r.wa_id, c.wa_id),
      identification = coalesce(r.identification, c.identification),
      address = coalesce(r.address, c.address),
      city = coalesce(r.city, c.city),
      country = coalesce(r.country, c.country),
      company = coalesce(r.company, c.company),
      merchant_id = coalesce(r.merchant_id, c.merchant_id),
      source_created_at = coalesce(r.source_created_at, c.source_created_at),
      tags = coalesce(r.tags, c.tags),
      custom_attributes = c.custom_attributes || coalesce(t.custom, '{}'),
      field_sources = c.field_sources || coalesce(t.sources, '{}'),
      source_updated_at = greatest(c.source_updated_at, t.source_updated_at),
      sync_source = case when p_sync_source = 'contacts_api' and c.sync_source = 'chat_embedded' then 'upgraded' else c.sync_source end,
      needs_full_sync = c.needs_full_sync and p_sync_source <> 'contacts_api',
      last_sync_at = p_now
    from targets t
    cross join lateral jsonb_populate_record(null::crm.contacts, coalesce(t.columns, '{}')) r
    where c.workspace_id = p_workspace_id and c.id = t.contact_id
      and (t.sources is not null
        or t.source_updated_at > coalesce(c.source_updated_at, '-infinity')
        or (p_sync_source = 'contacts_api' and c.needs_full_sync))
    returning c.id, t.was_stub and not c.needs_full_sync as upgraded
  )
  select (select array_agg(n.id) from inserted n), (select array_agg(u.id) from updated u where u.upgraded)
  into v_created, v_upgraded;

  return query
  select i.ordinal,
    case
      when i.contact_id is null then 'ignored'
      when i.contact_id = any (v_created) and i.is_first then 'created'
      when i.contact_id = any (v_upgraded) and i.is_first then 'upgraded'
      when bool_or(w.wins and w.differs) then 'updated'
      when p_sync_source = 'chat_embedded' and not c.needs_full_sync then 'linked'
      when bool_and(not w.wins) and bool_or(w.differs) then 'stale'
      else 'unchanged'
    end
  from (
    select i.ordinal, p_contact_ids[i.ordinal] as contact_id,
      row_number() over (partition by p_contact_ids[i.ordinal] order by i.ordinal) = 1 as is_first
    from unnest(p_items) i
  ) i
  left join crm.contacts c on c.workspace_id = p_workspace_id and c.id = i.contact_id
  left join jsonb_to_recordset(v_winners) as w (contact_id uuid, ordinal int, wins boolean, differs boolean)
    on w.contact_id = i.contact_id and w.ordinal = i.ordinal
  group by i.ordinal, i.contact_id, i.is_first, c.needs_full_sync;
end;
$$;
comment on function crm_private.apply_contact_fields(uuid, text, crm_private.inbound_item[], crm_private.item_identity[], uuid[], timestamptz) is
  'Writes what the items say of their contacts (p_contact_ids by ordinal): inserts the contacts that have no row yet, updates the others field by field, upgrades stubs when the Contacts API speaks. Returns each item''s outcome. The caller has locked the contacts.';
