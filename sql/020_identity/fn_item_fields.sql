create function crm_private.item_fields(p_items crm_private.inbound_item[])
returns table (ordinal int, field text, value jsonb)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with given as materialized (
    select i.ordinal, e.key, e.value, e.value #>> '{}' as text
    from unnest(p_items) i
    cross join lateral jsonb_each(i.participant) e
    where jsonb_typeof(i.participant) = 'object' and jsonb_typeof(e.value) <> 'null'
  )
  select g.ordinal, g.key, to_jsonb(btrim(g.text))
  from given g
  where g.key = any (crm_private.contact_text_fields())
    and btrim(g.text) <> ''
    and not (g.key = 'full_name' and crm_private.is_placeholder_name(g.text))
  union all
  select g.ordinal, g.key, g.value
  from given g
  where g.key = 'tags' and g.value <> '[]'
  union all
  select g.ordinal, g.key, to_jsonb(crm_private.event_time(g.text))
  from given g
  where g.key = 'source_created_at'
  union all
  select g.ordinal, 'custom_attributes.' || a.key, a.value
  from given g
  cross join lateral jsonb_each(g.value) a
  where g.key = 'custom_attributes' and jsonb_typeof(a.value) <> 'null' and a.value <> '""';
end;
$$;
comment on function crm_private.item_fields(crm_private.inbound_item[]) is
  'The contact fields that each item gives a value for. Null, empty text and a placeholder name are no value. Each custom attribute is a field of its own, named custom_attributes.<name>.';
