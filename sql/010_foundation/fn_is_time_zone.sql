create function crm_private.is_time_zone(p_name text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Names of the IANA database look so; the server would also
  -- take an offset such as +5, with its sign the other way round.
  if p_name is null or p_name !~ '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$' then
    return false;
  end if;
  return timezone(p_name, timestamp '2020-01-01') is not null;
exception when invalid_parameter_value then
  return false;
end;
$$;
comment on function crm_private.is_time_zone(text) is 'True for the name of a time zone that the server knows.';
