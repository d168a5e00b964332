create function crm_private.time_zone_name(p_text text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Only names of the list: Postgres also takes UTC-5, and reads it as five hours east.
  return (
    select min(n.name) from pg_catalog.pg_timezone_names n where lower(n.name) = lower(p_text)
  );
end;
$$;
comment on function crm_private.time_zone_name(text) is
  'The time zone''s IANA name as the server spells it, whatever the case of its letters; null when there is none.

Reads all time zones of the server, some 50 ms: for set-up, not for deliveries. is_time_zone is the quick question.';
