create function crm_private.plausible_time(p_time timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return case when p_time between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours' then p_time end;
end;
$$;
comment on function crm_private.plausible_time(timestamptz) is
  'The time, or null when it is before 2004 or more than 24 hours ahead.

A source whose clock is that wrong says nothing, and must not win over everything to come.';
