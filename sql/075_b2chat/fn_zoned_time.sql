create function crm_private.zoned_time(p_value text, p_time_zone text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?$' then
    begin
      return timezone(p_time_zone, p_value::timestamp);
    exception when data_exception then
      return null;
    end;
  end if;
  return crm_private.event_time(p_value);
end;
$$;
comment on function crm_private.zoned_time(text, text) is
  'A time that names no zone, read in this one (a name is_time_zone knows), or one that event_time reads; null when it is neither.';
