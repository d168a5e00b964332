create function crm_private.bump_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.version := old.version + 1;
  new.updated_at := clock_timestamp();
  return new;
end;
$$;
comment on function crm_private.bump_version() is
  'Trigger: every update of a row raises its version by one, whatever version the update asked for.';
