create function crm_private.refresh_syncs(
  p_project_url text,
  p_secret_name text,
  p_limit int default 100,
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
    with due as materialized (
      select a.workspace_id, n.resource, y.function_name, y.place, last_run.started_at, o.last_at,
        jsonb_build_object('channelAccountId', a.id, 'mode', 'incremental') as body
      from crm.channel_accounts a
      join crm_private.channel_syncs()
        with ordinality y (channel, what, function_name, min_interval, needs_watermark, place) on y.channel = a.channel
      cross join lateral (
        select crm_private.sync_resource(a.channel, a.external_id, y.what) as resource offset 0
      ) n
      cross join lateral (
        select r.status, r.started_at, r.mode = 'full' and r.items + r.rejected = 0 as found_nothing
        from crm.sync_runs r
        where r.workspace_id = a.workspace_id and r.resource = n.resource
        order by r.started_at desc
        limit 1
      ) last_run
      left join lateral (
        select x.high_watermark, x.triggered_at
        from crm.sync_state x
        where x.workspace_id = a.workspace_id and x.resource = n.resource
        offset 0
      ) s on true
      left join lateral (
        select x.token, x.expires_at from crm.sync_locks x where x.resource = n.resource offset 0
      ) l on true
      -- A call counts like a run: an account whose run never begins gets its turn, and no more than that.
      cross join lateral (select greatest(last_run.started_at, s.triggered_at) as last_at offset 0) o
      where a.is_active
        -- A failed run waits for a person. resume_syncs is for a running or paused one.
        and last_run.status = 'completed'
        -- Without a watermark the run would be a full one again. An empty account has none, and costs one request.
        and (not y.needs_watermark or s.high_watermark is not null or last_run.found_nothing)
        and (y.min_interval = interval '0' or last_run.started_at <= p_now - y.min_interval)
        and (l.token is null or l.expires_at <= p_now)
      order by o.last_at
      limit p_limit
    ), noted as (
      update crm.sync_state s set
        triggered_at = p_now,
        unanswered_since = case when s.unanswered_since > d.started_at then s.unanswered_since else p_now end
      from due d
      where s.workspace_id = d.workspace_id and s.resource = d.resource
    )
    select d.function_name, array_agg(d.body order by d.last_at) as bodies
    from due d
    group by d.function_name
    order by min(d.place)
  loop
    v_count := v_count + crm_private.call_function(p_project_url, p_secret_name, v_calls.function_name, v_calls.bodies);
  end loop;
  return v_count;
end;
$$;
comment on function crm_private.refresh_syncs(text, text, int, timestamptz) is
  'Calls the functions of channel_syncs() for a new incremental run of up to p_limit accounts.

An account is due when it is active, its last run is completed and its lock is free. The registry adds the sync''s
min_interval, counted from the start of the last run, and for needs_watermark a high watermark or an empty account.
The accounts that were read or called longest ago come first. sync_state notes each call.
Returns how many calls.
Errors: PT404 not_found when the secret is gone.';
