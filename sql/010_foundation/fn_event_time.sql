create function crm_private.event_time(p_value text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Most are this: a day that every month has, so the cast cannot fail and needs no block of its own.
  if p_value ~ '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[T ]([01][0-9]|2[0-3]):[0-5][0-9]'
    ':[0-5][0-9]([.][0-9]{1,6})?(Z|[+-]0[0-9](:?[0-5][0-9])?)$' then
    return p_value::timestamptz;
  end if;
  if p_value ~ '^-?[0-9]{1,14}(\.[0-9]{1,9})?$' then
    return to_timestamp(case when abs(p_value::float8) < 1e10 then p_value::float8 else p_value::float8 / 1000 end);
  end if;
  -- Only ISO 8601 with a zone: the cast alone would also take
  -- 'now', 'infinity' and local times. It may still be no date.
  if p_value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?'
    '(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' then
    begin
      return p_value::timestamptz;
    exception when data_exception then
      return null;
    end;
  end if;
  return null;
end;
$$;
comment on function crm_private.event_time(text) is
  'A provider''s time: ISO 8601 with a zone, or an epoch number.

An epoch number counts milliseconds, or seconds where it has ten digits or fewer. Null when the text is neither.';
