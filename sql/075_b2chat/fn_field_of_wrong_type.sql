create function crm_private.field_of_wrong_type(p_object jsonb, p_types jsonb)
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
comment on function crm_private.field_of_wrong_type(jsonb, jsonb) is
  'The first field of an object that is neither null nor of a type listed for it ({field: "string number"}); null when all are right. Fields that are not listed may be anything.';
