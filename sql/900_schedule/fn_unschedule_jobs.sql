create function crm.unschedule_jobs()
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  perform crm_private.require_scheduler(array['pg_cron']);
  -- By the ids of the caller's jobs: an unknown name would be an error, and other owners keep their jobs.
  execute $sql$
    select count(cron.unschedule(j.jobid))
    from cron.job j
    where j.jobname::text like 'onefold-%' and j.username::text = current_user::text
  $sql$ into v_count;
  return v_count;
end;
$$;
comment on function crm.unschedule_jobs() is
  'Removes the jobs that schedule_jobs has set up: the caller''s jobs named onefold-….

Returns how many there were.
Errors: PT400 missing_extension, PT403 forbidden.';
