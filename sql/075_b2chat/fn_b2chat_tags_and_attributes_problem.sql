create function crm_private.b2chat_tags_and_attributes_problem(p_person jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (
    select min(format(
      '.%s[%s]%s', l.field, e.index - 1, case when jsonb_typeof(e.value) = 'object' then '.name' end) collate "C")
    from (values ('custom_attributes'), ('tags')) l (field)
    cross join lateral jsonb_array_elements(
      case when jsonb_typeof(p_person -> l.field) = 'array' then p_person -> l.field else '[]' end
    ) with ordinality e (value, index)
    where jsonb_typeof(e.value) <> 'object' or jsonb_typeof(e.value -> 'name') is distinct from 'string'
  );
end;
$$;
comment on function crm_private.b2chat_tags_and_attributes_problem(jsonb) is
  'Finds a tag or custom attribute of a B2Chat person that is no object with a name.

Returns its JSON path from the person, null when all are right. Both exports give people these lists.';
