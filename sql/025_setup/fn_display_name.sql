create function crm_private.display_name(p_path text, p_name text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_name text := btrim(p_name, U&' \0009\000A\000D\00A0');
begin
  if length(v_name) not between 1 and 256 then
    perform crm_private.reject_input(p_path, 'A name is 1 to 256 characters.');
  end if;
  return v_name;
end;
$$;
comment on function crm_private.display_name(text, text) is
  'The name without blanks around it; null for null.

PT400 invalid_input with the path, for an empty name and one of more than 256 characters.';
