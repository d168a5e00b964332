create function crm_private.phone_in_context(p_raw text, p_at int)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  v_digit constant text := '0-9\uFF10-\uFF19\u0660-\u0669\u06F0-\u06F9';
  v_context text := split_part(substr(p_raw, p_at + 15), ';', 1);
  v_scheme int := strpos(p_raw, 'tel:');
  v_from int := case when v_scheme > 0 then v_scheme + 4 else 1 end;
begin
  if v_context ~ ('^(?:[' || v_digit || ']+(?:-*[' || v_digit || '])*\.)*[a-zA-Z]+(?:-*[' || v_digit || '])*\.?$') then
    v_context := '';
  elsif v_context !~ ('^\+[-.()' || v_digit || ']*[' || v_digit || '][-.()' || v_digit || ']*$') then
    return null;
  end if;
  return v_context || substr(p_raw, least(v_from, p_at), abs(p_at - v_from));
end;
$$;
comment on function crm_private.phone_in_context(text, int) is
  'The number of a tel: URI whose ;phone-context= is at the given character.

A context that is a number stands before it. A context that is a domain adds nothing. Null when it is neither. Source:
RFC 3966, as libphonenumber-js reads it.';
