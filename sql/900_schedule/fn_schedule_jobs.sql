create function crm.schedule_jobs(p_project_url text, p_secret_name text)
returns setof text
language plpgsql
set search_path = ''
as $$
declare
  v_url text := rtrim(p_project_url, '/');
  v_job record;
begin
  perform crm_private.require_scheduler(array['pg_cron', 'pg_net', 'supabase_vault']);
  -- No user, query or fragment: a key in a URL would be readable in cron.job.
  if v_url is null or length(v_url) > 2000
    or v_url !~* '^https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[a-z0-9._~%/-]*)?$' then
    perform crm_private.reject_input(
      'p_project_url',
      'The project''s URL begins with https:// (or http://) and has no user, query or fragment.');
  end if;
  if coalesce(btrim(p_secret_name), '') = '' then
    perform crm_private.reject_input('p_secret_name', 'The name of the vault''s secret is missing.');
  end if;
  perform crm_private.vault_secret(p_secret_name);

  for v_job in
    select *
    from (values
      ('onefold-expired-locks', '* * * * *', 'select crm.cleanup_expired_locks()'),
      ('onefold-reconcile-contacts', '*/15 * * * *', 'select crm.reconcile_contacts()'),
      -- Seven minutes after reconciliation, and not at the full quarter, when most other clients ask the provider.
      ('onefold-refresh-syncs', '7-59/15 * * * *',
        format('select crm_private.refresh_syncs(%L, %L)', v_url, p_secret_name)),
      ('onefold-resume-syncs', '* * * * *', format('select crm_private.resume_syncs(%L, %L)', v_url, p_secret_name))
    ) j (name, schedule, command)
  loop
    execute 'select cron.schedule($1, $2, $3)' using v_job.name, v_job.schedule, v_job.command;
    return next v_job.name;
  end loop;
end;
$$;
comment on function crm.schedule_jobs(text, text) is
  'Sets up the pg_cron jobs, or changes them to these arguments.

Expired locks and paused syncs are looked at every minute; contacts, and accounts that a sync has read before, every
fifteen minutes. The jobs call functions at p_project_url (https://<ref>.supabase.co) with the secret key that the vault
keeps under p_secret_name. They run with the caller''s rights, so the owner of the database calls this.
Returns their names.
Errors: PT400 missing_extension, PT400 invalid_input, PT403 forbidden, PT404 not_found when the vault has no such
secret.';
