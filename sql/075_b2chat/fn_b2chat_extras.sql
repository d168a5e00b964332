create function crm_private.b2chat_extras(p_person jsonb)
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
comment on function crm_private.b2chat_extras(jsonb) is
  'The custom attributes and tags of a B2Chat person as a contact has them: an object by name, and names; neither where there is none.';
