create function crm_private.unmerge_contact_fields(
  p_survivor crm.contacts,
  p_duplicate crm.contacts,
  p_before crm.contacts
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_now jsonb := to_jsonb(p_survivor);
  v_theirs jsonb := to_jsonb(p_duplicate);
  v_before jsonb := to_jsonb(p_before);
  v_fields text[];
  v_columns jsonb;
  v_custom jsonb;
  v_sources jsonb;
  v_source_updated_at timestamptz := p_survivor.source_updated_at;
  v_is_stub boolean;
  v_restored crm.contacts;
begin
  with fields as (
    select f.field, v_now -> f.field as now, v_theirs -> f.field as theirs, v_before -> f.field as before
    from unnest(crm_private.contact_text_fields() || array['tags', 'source_created_at']) f (field)
    union all
    select 'custom_attributes.' || k.key, p_survivor.custom_attributes -> k.key, p_duplicate.custom_attributes -> k.key,
      p_before.custom_attributes -> k.key
    from jsonb_object_keys(p_duplicate.custom_attributes) k (key)
    union all
    select k.key, case when p_survivor.field_sources ? k.key then to_jsonb(k.key) end, to_jsonb(k.key),
      case when p_before.field_sources ? k.key then to_jsonb(k.key) end
    from jsonb_object_keys(p_duplicate.field_sources) k (key)
    where k.key like 'identification.%'
  ), given as (
    -- Fields that still hold the duplicate's value, and held another one before the merge.
    select f.field, f.before
    from fields f
    where nullif(nullif(f.theirs, 'null'), '[]') is not null
      and f.now = f.theirs
      and p_survivor.field_sources -> f.field = crm_private.field_source(p_duplicate, f.field)
      and row(f.before, p_before.field_sources -> f.field)
        is distinct from row(f.now, p_survivor.field_sources -> f.field)
  )
  select coalesce(array_agg(g.field), '{}'),
    coalesce(jsonb_object_agg(g.field, g.before) filter (where g.field not like 'custom\_attributes.%'), '{}'),
    coalesce(jsonb_object_agg(substr(g.field, length('custom_attributes.') + 1), g.before)
      filter (where g.field like 'custom\_attributes.%' and g.before is not null), '{}'),
    coalesce(jsonb_object_agg(g.field, p_before.field_sources -> g.field)
      filter (where p_before.field_sources ? g.field), '{}')
  into v_fields, v_columns, v_custom, v_sources
  from given g;

  v_sources := p_survivor.field_sources - v_fields || v_sources;
  if v_source_updated_at = p_duplicate.source_updated_at then
    v_source_updated_at := p_before.source_updated_at;
  end if;
  -- The survivor is a stub again unless the Contacts API described it since.
  v_is_stub := p_survivor.needs_full_sync
    or p_before.needs_full_sync and not p_duplicate.needs_full_sync
      and v_source_updated_at is null
      and not exists (select from jsonb_each(v_sources) s where s.value ->> 'source' = 'contacts_api')
      and not exists (
        select from crm.contact_identities i where i.contact_id = p_survivor.id and i.source = 'contacts_api');
  if v_fields = '{}' and v_source_updated_at is not distinct from p_survivor.source_updated_at
    and v_is_stub = p_survivor.needs_full_sync then
    return;
  end if;

  v_restored := jsonb_populate_record(p_survivor, v_columns);
  update crm.contacts c set
    full_name = v_restored.full_name,
    email = v_restored.email,
    phone = v_restored.phone,
    mobile = v_restored.mobile,
    landline = v_restored.landline,
    address = v_restored.address,
    city = v_restored.city,
    country = v_restored.country,
    company = v_restored.company,
    merchant_id = v_restored.merchant_id,
    source_created_at = v_restored.source_created_at,
    tags = v_restored.tags,
    custom_attributes = c.custom_attributes
      - array(
        select substr(f.field, length('custom_attributes.') + 1)
        from unnest(v_fields) f (field) where f.field like 'custom\_attributes.%')
      || v_custom,
    field_sources = v_sources,
    source_updated_at = v_source_updated_at,
    sync_source = case when v_is_stub then 'chat_embedded' else c.sync_source end,
    needs_full_sync = v_is_stub
  where c.workspace_id = p_survivor.workspace_id and c.id = p_survivor.id;
end;
$$;
comment on function crm_private.unmerge_contact_fields(crm.contacts, crm.contacts, crm.contacts) is
  'Brings each field of the survivor that still holds what the duplicate gave it back to what it was.

That covers what the duplicate gave in the merge and since, by value and by who wrote it. What others wrote since stays.
The survivor is under lock and has its own identities again.';
