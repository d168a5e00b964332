create function crm_private.resume_syncs(
  p_project_url text,
  p_secret_name text,
  p_limit int default 20,
  p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_secret text;
  v_run record;
  v_count int := 0;
begin
  for v_run in
    select r.id, r.channel_account_id
    from crm.sync_runs r
    join crm.channel_accounts a on a.workspace_id = r.workspace_id and a.id = r.channel_account_id and a.is_active
    left join crm.sync_locks l on l.resource = r.resource
    where (r.status = 'running' or r.status = 'paused' and (r.resume_at is null or r.resume_at <= p_now))
      -- Whoever works on it holds its lock; a process that died held it until the lease was over.
      and (l.token is null or l.expires_at <= p_now)
    -- Runs that cannot start must not keep the others from their turn every time.
    order by random()
    limit p_limit
  loop
    if v_secret is null then
      v_secret := crm_private.vault_secret(p_secret_name);
    end if;
    -- The function answers when its time is over: to hang up earlier might end it. The extension may be missing when this is made.
    execute 'select net.http_post(url := $1, body := $2, headers := $3, timeout_milliseconds := 150000)'
      using rtrim(p_project_url, '/') || '/functions/v1/conversation-sync',
        jsonb_build_object('channelAccountId', v_run.channel_account_id, 'resumeSession', v_run.id),
        jsonb_build_object('Content-Type', 'application/json', 'apikey', v_secret);
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function crm_private.resume_syncs(text, text, int, timestamptz) is
  'Calls the function conversation-sync for up to p_limit runs that nobody works on: those paused and due, and those whose process died (their lease is over). Returns how many. The secret key is read from the vault by its name. The calls leave when the transaction commits, and nobody waits for their answers. PT404 not_found when the secret is gone.';
