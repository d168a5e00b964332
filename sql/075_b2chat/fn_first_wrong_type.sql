create function crm_private.first_wrong_type(p_object jsonb, p_types jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (
    select min(t.field collate "C")
    from jsonb_each_text(p_types) t (field, types)
    where jsonb_typeof(p_object -> t.field) <> 'null'
      and jsonb_typeof(p_object -> t.field) <> all (string_to_array(t.types, ' '))
  );
end;
$$;
comment on function crm_private.first_wrong_type(jsonb, jsonb) is
  'Finds the first field of an object that has a type other than those listed for it.

p_types: {field: "string number"}. Null always fits, and so does any value of a field that is not listed.
Returns the field, null when all are right.';
