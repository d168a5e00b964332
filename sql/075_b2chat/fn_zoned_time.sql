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
  'Reads a time without a zone in this zone (a name that is_time_zone knows), or a time that event_time reads.

Returns null when the text is neither.';
