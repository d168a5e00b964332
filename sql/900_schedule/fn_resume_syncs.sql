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
  v_calls record;
  v_count int := 0;
begin
  for v_calls in
    select d.function_name, array_agg(d.body) as bodies
    from (
      select y.function_name, y.place,
        jsonb_build_object('channelAccountId', r.channel_account_id, 'resumeSession', r.id) as body
      from crm.sync_runs r
      join crm.channel_accounts a on a.workspace_id = r.workspace_id and a.id = r.channel_account_id and a.is_active
      -- A function resumes runs of its own resource only.
      join crm_private.channel_syncs()
        with ordinality y (channel, what, function_name, min_interval, needs_watermark, place)
        on y.channel = a.channel and r.resource = crm_private.sync_resource(a.channel, a.external_id, y.what)
      left join crm.sync_locks l on l.resource = r.resource
      where (r.status = 'running' or r.status = 'paused' and (r.resume_at is null or r.resume_at <= p_now))
        -- A process at work holds the lock. The lease of a process that died is over.
        and (l.token is null or l.expires_at <= p_now)
      -- In random order, so that runs which cannot start leave the others their turn.
      order by random()
      limit p_limit
    ) d
    group by d.function_name
    order by min(d.place)
  loop
    v_count := v_count + crm_private.call_function(p_project_url, p_secret_name, v_calls.function_name, v_calls.bodies);
  end loop;
  return v_count;
end;
$$;
comment on function crm_private.resume_syncs(text, text, int, timestamptz) is
  'Calls the functions of channel_syncs() for up to p_limit runs that no process works on.

Those are paused runs that are due, and runs whose process died (their lease is over).
Returns how many calls.
Errors: PT404 not_found when the secret is gone.';
