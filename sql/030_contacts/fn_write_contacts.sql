create function crm_private.write_contacts(
  p_workspace_id uuid,
  p_sync_source text,
  p_changes crm_private.contact_change[],
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
  v_one_item_each boolean := (
    select count(*) = count(distinct w.contact_id) from unnest(p_changes) w where w.contact_id is not null);
begin
  with given as materialized (
    select w.contact_id, w.source_time, w.columns, w.custom, w.sources
    from unnest(p_changes) w
    where w.contact_id is not null and v_one_item_each
    union all
    -- Several items of one contact: each field is in one of them only.
    select d.contact_id, d.source_time, o.columns, o.custom, o.sources
    from (
      select w.contact_id, max(w.source_time) as source_time, array_agg(w.columns) as columns,
        array_agg(w.custom) as custom, array_agg(w.sources) as sources
      from unnest(p_changes) w
      where w.contact_id is not null and not v_one_item_each
      group by w.contact_id
    ) d
    cross join lateral (
      select
        (select jsonb_object_agg(e.key, e.value) from unnest(d.columns) c, jsonb_each(c) e) as columns,
        (select jsonb_object_agg(e.key, e.value) from unnest(d.custom) c, jsonb_each(c) e) as custom,
        (select jsonb_object_agg(e.key, e.value) from unnest(d.sources) c, jsonb_each(c) e) as sources
    ) o
  ), targets as materialized (
    select g.contact_id, g.custom, g.sources,
      case when p_sync_source = 'contacts_api' then g.source_time end as source_updated_at,
      c.id is not null as is_there, coalesce(c.needs_full_sync, false) as was_stub,
      n.wa_id, n.identification, g.columns
    from given g
    left join lateral (
      select x.id, x.needs_full_sync
      from crm.contacts x where x.workspace_id = p_workspace_id and x.id = g.contact_id offset 0
    ) c on true
    -- A new contact is written once, with what its identities, claimed before, say of it.
    left join lateral (
      select max(x.value) filter (where x.kind = 'wa_id') as wa_id,
        max(x.value) filter (where x.kind = 'identification') as identification
      from crm.contact_identities x
      where c.id is null and x.contact_id = g.contact_id and not x.is_previous
      offset 0
    ) n on true
  ), inserted as (
    insert into crm.contacts (
      workspace_id, id, full_name, email, phone, mobile, landline, address, city, country, company, merchant_id,
      wa_id, identification, tags, custom_attributes, sync_source, needs_full_sync, last_sync_at, field_sources,
      source_created_at, source_updated_at)
    select p_workspace_id, t.contact_id, t.columns ->> 'full_name', t.columns ->> 'email', t.columns ->> 'phone',
      t.columns ->> 'mobile', t.columns ->> 'landline',
      t.columns ->> 'address', t.columns ->> 'city', t.columns ->> 'country', t.columns ->> 'company',
      t.columns ->> 'merchant_id', t.wa_id, t.identification, coalesce(t.columns -> 'tags', '[]'),
      coalesce(t.custom, '{}'), p_sync_source, p_sync_source = 'chat_embedded',
      p_now, coalesce(t.sources, '{}'), (t.columns ->> 'source_created_at')::timestamptz, t.source_updated_at
    from targets t
    where not t.is_there
    order by t.contact_id
    returning id
  ), updated as (
    update crm.contacts c set
      full_name = coalesce(t.columns ->> 'full_name', c.full_name),
      email = coalesce(t.columns ->> 'email', c.email),
      phone = coalesce(t.columns ->> 'phone', c.phone),
      mobile = coalesce(t.columns ->> 'mobile', c.mobile),
      landline = coalesce(t.columns ->> 'landline', c.landline),
      address = coalesce(t.columns ->> 'address', c.address),
      city = coalesce(t.columns ->> 'city', c.city),
      country = coalesce(t.columns ->> 'country', c.country),
      company = coalesce(t.columns ->> 'company', c.company),
      merchant_id = coalesce(t.columns ->> 'merchant_id', c.merchant_id),
      source_created_at = coalesce((t.columns ->> 'source_created_at')::timestamptz, c.source_created_at),
      tags = coalesce(t.columns -> 'tags', c.tags),
      custom_attributes = c.custom_attributes || coalesce(t.custom, '{}'),
      field_sources = c.field_sources || coalesce(t.sources, '{}'),
      source_updated_at = greatest(c.source_updated_at, t.source_updated_at),
      sync_source = case when p_sync_source = 'contacts_api' and c.sync_source = 'chat_embedded' then 'upgraded'
        else c.sync_source end,
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
comment on function crm_private.write_contacts(uuid, text, crm_private.contact_change[], timestamptz) is
  'Inserts the contacts (p_contact_ids by ordinal) that have no row yet, gives the others the fields that won, and
upgrades stubs when the Contacts API speaks; returns which were created and which upgraded. Contacts nothing changes for
are not written. The caller has locked them.';
