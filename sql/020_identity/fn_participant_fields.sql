create function crm_private.participant_fields(p_participant jsonb)
returns table (field text, value jsonb)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select e.key, to_jsonb(btrim(e.value #>> '{}'))
  from jsonb_each(p_participant) e
  where e.key = any (crm_private.contact_text_fields())
    and jsonb_typeof(e.value) in ('string', 'number')
    and btrim(e.value #>> '{}') <> ''
    and not (e.key = 'full_name' and crm_private.is_placeholder_name(e.value #>> '{}'))
  union all
  select 'tags', p_participant -> 'tags'
  where jsonb_typeof(p_participant -> 'tags') = 'array'
  union all
  select 'source_created_at', to_jsonb(crm_private.event_time(p_participant ->> 'source_created_at'))
  where crm_private.event_time(p_participant ->> 'source_created_at') is not null
  union all
  select 'custom_attributes.' || a.key, a.value
  from jsonb_each(case when jsonb_typeof(p_participant -> 'custom_attributes') = 'object' then p_participant -> 'custom_attributes' else '{}' end) a
  where jsonb_typeof(a.value) <> 'null' and a.value <> '""';
end;
$$;
comment on function crm_private.participant_fields(jsonb) is
  'The contact fields that a participant gives a value for. Null, empty text and a placeholder name are no value. Each custom attribute is a field of its own, named custom_attributes.<name>.';
