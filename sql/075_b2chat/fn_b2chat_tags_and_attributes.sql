create function crm_private.b2chat_tags_and_attributes(p_person jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (
    select jsonb_strip_nulls(jsonb_build_object(
      'custom_attributes', (
        select jsonb_object_agg(a.value ->> 'name', a.value -> 'value' order by a.index)
        from jsonb_array_elements(nullif(p_person -> 'custom_attributes', 'null')) with ordinality a (value, index)
        where btrim(a.value ->> 'name') <> ''),
      'tags', (
        select jsonb_agg(distinct btrim(t.value ->> 'name'))
        from jsonb_array_elements(nullif(p_person -> 'tags', 'null')) t
        where btrim(t.value ->> 'name') <> '')))
  );
end;
$$;
comment on function crm_private.b2chat_tags_and_attributes(jsonb) is
  'The tags and custom attributes of a B2Chat person in the form that a contact has.

Returns {custom_attributes: {name: value}, tags: [name]}, without the key that has nothing.';
