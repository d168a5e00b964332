create function crm_private.one_of(p_names text[])
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_count constant int := cardinality(p_names);
begin
  return concat_ws(' or ', nullif(array_to_string(p_names[:v_count - 1], ', '), ''), p_names[v_count]);
end;
$$;
comment on function crm_private.one_of(text[]) is
  'The names as a sentence lists them: ''viewer, agent, admin or owner''.';
