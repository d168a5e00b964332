create function crm_private.item_fields(p_items crm_private.inbound_item[])
returns table (ordinal int, field text, value jsonb)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select i.ordinal, e.key, case
      when e.key = 'tags' then e.value
      when e.key = 'source_created_at' then to_jsonb(crm_private.event_time(e.value #>> '{}'))
      else to_jsonb(btrim(e.value #>> '{}'))
    end
  from unnest(p_items) i
  cross join lateral jsonb_each(case when jsonb_typeof(i.participant) = 'object' then i.participant else '{}' end) e
  where jsonb_typeof(e.value) <> 'null' and case
      when e.key = any (crm_private.contact_text_fields())
        then btrim(e.value #>> '{}') <> ''
          and not (e.key = 'full_name' and crm_private.is_placeholder_name(e.value #>> '{}'))
      when e.key = 'tags' then e.value <> '[]'
      else e.key = 'source_created_at'
    end
  union all
  select i.ordinal, 'custom_attributes.' || a.key, a.value
  from unnest(p_items) i
  cross join lateral jsonb_each(
    case when jsonb_typeof(i.participant -> 'custom_attributes') = 'object' then i.participant -> 'custom_attributes'
      else '{}' end) a
  where jsonb_typeof(a.value) <> 'null' and a.value <> '""';
end;
$$;
comment on function crm_private.item_fields(crm_private.inbound_item[]) is
  'The contact fields that each item gives a value for. Null, empty text and a placeholder name are no value. Each
custom attribute is a field of its own, named custom_attributes.<name>.';
