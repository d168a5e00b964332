create function crm_private.write_contacts(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_contact_ids uuid[],
  p_changes crm_private.field_change[],
  p_now timestamptz,
  out created uuid[],
  out upgraded uuid[]
)
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  -- One per item: its fields all come from the same place.
  v_sources jsonb := (
    select jsonb_object_agg(i.ordinal, jsonb_build_object('source', p_sync_source, 'at', i.source_time, 'delivery', i.delivery)) from unnest(p_items) i);
begin
  with given as materialized (
    -- What is said and by whom side by side, grouped once: a join of the two would compare each with each.
    select n.contact_id, max(n.source_updated_at) as source_updated_at,
      jsonb_object_agg(n.field, n.value) filter (where n.custom is null and n.field is not null) as columns,
      jsonb_object_agg(n.custom, n.value) filter (where n.custom is not null) as custom,
      jsonb_object_agg(n.field, n.source) filter (where n.field is not null) as sources
    from (
      select p_contact_ids[i.ordinal] as contact_id, case when p_sync_source = 'contacts_api' then i.source_time end as source_updated_at,
        null as field, null as custom, null::jsonb as value, null::jsonb as source
      from unnest(p_items) i
      union all
      select w.contact_id, null, w.field, case when w.field like 'custom\_attributes.%' then substr(w.field, length('custom_attributes.') + 1) end,
        w.value, v_sources -> w.ordinal::text
      from unnest(p_changes) w
      where w.wins
    ) n
    where n.contact_id is not null
    group by n.contact_id
  ), targets as materialized (
    select g.contact_id, g.custom, g.sources, g.source_updated_at, c.id is not null as is_there, coalesce(c.needs_full_sync, false) as was_stub,
      n.wa_id, n.identification,
      jsonb_populate_record(null::crm.contacts, coalesce(g.columns, '{}')) as given
    from given g
    left join lateral (
      select x.id, x.needs_full_sync from crm.contacts x where x.workspace_id = p_workspace_id and x.id = g.contact_id offset 0
    ) c on true
    -- A new contact is written once, with what its identities, claimed before, say of it.
    left join lateral (
      select max(x.value) filter (where x.kind = 'wa_id') as wa_id, max(x.value) filter (where x.kind = 'identification') as identification
      from crm.contact_identities x
      where c.id is null and x.contact_id = g.contact_id and not x.is_previous
      offset 0
    ) n on true
  ), inserted as (
    insert into crm.contacts (
      workspace_id, id, full_name, email, phone, mobile, landline, address, city, country, company, merchant_id,
      wa_id, identification, tags, custom_attributes, sync_source, needs_full_sync, last_sync_at, field_sources, source_created_at, source_updated_at)
    select p_workspace_id, t.contact_id, (t.given).full_name, (t.given).email, (t.given).phone, (t.given).mobile, (t.given).landline,
      (t.given).address, (t.given).city, (t.given).country, (t.given).company,
      (t.given).merchant_id, t.wa_id, t.identification, coalesce((t.given).tags, '[]'), coalesce(t.custom, '{}'), p_sync_source, p_sync_source = 'chat_embedded',
      p_now, coalesce(t.sources, '{}'), (t.given).source_created_at, t.source_updated_at
    from targets t
    where not t.is_there
    order by t.contact_id
    returning id
  ), updated as (
    update crm.contacts c set
      full_name = coalesce((t.given).full_name, c.full_name),
      email = coalesce((t.given).email, c.email),
      phone = coalesce((t.given).phone, c.phone),
      mobile = coalesce((t.given).mobile, c.mobile),
      landline = coalesce((t.given).landline, c.landline),
      address = coalesce((t.given).address, c.address),
      city = coalesce((t.given).city, c.city),
      country = coalesce((t.given).country, c.country),
      company = coalesce((t.given).company, c.company),
      merchant_id = coalesce((t.given).merchant_id, c.merchant_id),
      source_created_at = coalesce((t.given).source_created_at, c.source_created_at),
      tags = coalesce((t.given).tags, c.tags),
      custom_attributes = c.custom_attributes || coalesce(t.custom, '{}'),
      field_sources = c.field_sources || coalesce(t.sources, '{}'),
      source_updated_at = greatest(c.source_updated_at, t.source_updated_at),
      sync_source = case when p_sync_source = 'contacts_api' and c.sync_source = 'chat_embedded' then 'upgraded' else c.sync_source end,
      needs_full_sync = c.needs_full_sync and p_sync_source <> 'contacts_api',
      last_sync_at = p_now
    from targets t
    -- The workspace goes without saying; written so, it offers the planner no shorter index to scan.
    where t.is_there and c.id = t.contact_id and c.workspace_id is not distinct from p_workspace_id
      and (t.sources is not null
        or t.source_updated_at > coalesce(c.source_updated_at, '-infinity')
        or (p_sync_source = 'contacts_api' and t.was_stub))
    returning c.id, t.was_stub and not c.needs_full_sync as was_upgraded
  )
  select (select array_agg(n.id) from inserted n), (select array_agg(u.id) from updated u where u.was_upgraded)
  into created, upgraded;
end;
$$;
comment on function crm_private.write_contacts(uuid, text, crm_private.inbound_item[], uuid[], crm_private.field_change[], timestamptz) is
  'Inserts the contacts (p_contact_ids by ordinal) that have no row yet, gives the others the fields that won, and upgrades stubs when the Contacts API speaks; returns which were created and which upgraded. Contacts nothing changes for are not written. The caller has locked them.';
