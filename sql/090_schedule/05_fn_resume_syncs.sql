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
begin
  return crm_private.call_function(p_project_url, p_secret_name, 'conversation-sync', array(
    select jsonb_build_object('channelAccountId', r.channel_account_id, 'resumeSession', r.id)
    from crm.sync_runs r
    join crm.channel_accounts a on a.workspace_id = r.workspace_id and a.id = r.channel_account_id and a.is_active
    left join crm.sync_locks l on l.resource = r.resource
    where (r.status = 'running' or r.status = 'paused' and (r.resume_at is null or r.resume_at <= p_now))
      -- Whoever works on it holds its lock; a process that died held it until the lease was over.
      and (l.token is null or l.expires_at <= p_now)
    -- Runs that cannot start must not keep the others from their turn every time.
    order by random()
    limit p_limit
  ));
end;
$$;
comment on function crm_private.resume_syncs(text, text, int, timestamptz) is
  'Calls the function conversation-sync for up to p_limit runs that nobody works on: those paused and due, and those whose process died (their lease is over). Returns how many. Calls and errors are those of call_function.';
