create function crm_private.merge_contact_fields(p_survivor crm.contacts, p_duplicate crm.contacts)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_mine jsonb := to_jsonb(p_survivor);
  v_other jsonb := to_jsonb(p_duplicate);
  v_columns jsonb;
  v_custom jsonb;
  v_sources jsonb;
  v_is_upgrade boolean := p_survivor.needs_full_sync and not p_duplicate.needs_full_sync;
begin
  with fields as (
    select f.field, v_mine -> f.field as mine, v_other -> f.field as other
    from unnest(crm_private.contact_text_fields() || array['tags', 'source_created_at']) f (field)
    union all
    select 'custom_attributes.' || k.key, p_survivor.custom_attributes -> k.key, p_duplicate.custom_attributes -> k.key
    from jsonb_object_keys(p_duplicate.custom_attributes) k (key)
    union all
    select k.key, case when p_survivor.field_sources ? k.key then to_jsonb(k.key) end, to_jsonb(k.key)
    from jsonb_object_keys(p_duplicate.field_sources) k (key)
    where k.key like 'identification.%'
  ), won as (
    select f.field, f.other
    from fields f
    where nullif(nullif(f.other, 'null'), '[]') is not null
      and (nullif(nullif(f.mine, 'null'), '[]') is null
        or crm_private.field_wins(
          coalesce(p_duplicate.field_sources -> f.field ->> 'source', p_duplicate.sync_source),
          (p_duplicate.field_sources -> f.field ->> 'at')::timestamptz, f.other,
          p_duplicate.field_sources -> f.field ->> 'delivery',
          coalesce(p_survivor.field_sources -> f.field ->> 'source', p_survivor.sync_source),
          (p_survivor.field_sources -> f.field ->> 'at')::timestamptz, f.mine,
          p_survivor.field_sources -> f.field ->> 'delivery'))
  )
  select coalesce(jsonb_object_agg(w.field, w.other) filter (where w.field not like 'custom\_attributes.%'), '{}'),
    coalesce(jsonb_object_agg(substr(w.field, length('custom_attributes.') + 1), w.other)
      filter (where w.field like 'custom\_attributes.%'), '{}'),
    coalesce(jsonb_object_agg(w.field, crm_private.field_source(p_duplicate, w.field)), '{}')
  into v_columns, v_custom, v_sources
  from won w;

  if v_columns = '{}' and v_custom = '{}' and not v_is_upgrade
    and coalesce(p_duplicate.source_updated_at, '-infinity') <= coalesce(p_survivor.source_updated_at, '-infinity') then
    return;
  end if;

  update crm.contacts c set
    full_name = coalesce(r.full_name, c.full_name),
    email = coalesce(r.email, c.email),
    phone = coalesce(r.phone, c.phone),
    mobile = coalesce(r.mobile, c.mobile),
    landline = coalesce(r.landline, c.landline),
    address = coalesce(r.address, c.address),
    city = coalesce(r.city, c.city),
    country = coalesce(r.country, c.country),
    company = coalesce(r.company, c.company),
    merchant_id = coalesce(r.merchant_id, c.merchant_id),
    source_created_at = coalesce(r.source_created_at, c.source_created_at),
    tags = coalesce(r.tags, c.tags),
    custom_attributes = c.custom_attributes || v_custom,
    field_sources = c.field_sources || v_sources,
    source_updated_at = greatest(c.source_updated_at, p_duplicate.source_updated_at),
    sync_source = case when v_is_upgrade then 'upgraded' else c.sync_source end,
    needs_full_sync = c.needs_full_sync and not v_is_upgrade
  from jsonb_populate_record(null::crm.contacts, v_columns) r
  where c.workspace_id = p_survivor.workspace_id and c.id = p_survivor.id;
end;
$$;
comment on function crm_private.merge_contact_fields(crm.contacts, crm.contacts) is
  'Gives the survivor each field of the duplicate that comes later in the order of fields.

That order is the source''s rank, time, value, delivery. A stub that takes in a full contact is full from then on. The
duplicate keeps its own fields.';
