create function crm_private.one_of(p_names text[])
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return concat_ws(' or ', nullif(array_to_string(p_names[:cardinality(p_names) - 1], ', '), ''), p_names[cardinality(p_names)]);
end;
$$;
comment on function crm_private.one_of(text[]) is 'The names as a sentence lists them: ''viewer, agent, admin or owner''.';
