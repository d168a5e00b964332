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
begin
  return crm_private.call_function(p_project_url, p_secret_name, 'conversation-sync', array(
    select jsonb_build_object('channelAccountId', a.id, 'mode', 'incremental')
    from crm.channel_accounts a
    cross join lateral (select a.channel || ':' || a.external_id || ':conversations' as resource offset 0) n
    cross join lateral (
      select r.status, r.started_at, r.mode = 'full' and r.items + r.rejected = 0 as found_nothing
      from crm.sync_runs r
      where r.workspace_id = a.workspace_id and r.resource = n.resource
      order by r.started_at desc
      limit 1
    ) last_run
    left join lateral (
      select x.high_watermark from crm.sync_state x where x.workspace_id = a.workspace_id and x.resource = n.resource offset 0
    ) s on true
    left join lateral (select x.token, x.expires_at from crm.sync_locks x where x.resource = n.resource offset 0) l on true
    where a.channel = 'messenger' and a.is_active
      -- A failed run waits for a person; one that is running or paused is for resume_syncs.
      and last_run.status = 'completed'
      -- Without a watermark it would be a full run again. An empty page has none, and costs one request.
      and (s.high_watermark is not null or last_run.found_nothing)
      and (l.token is null or l.expires_at <= p_now)
    order by last_run.started_at
    limit p_limit
  ));
end;
$$;
comment on function crm_private.refresh_syncs(text, text, int, timestamptz) is
  'Calls the function conversation-sync for an incremental run of up to p_limit active Messenger pages that have been read to their end, whose last run is completed and whose lock nobody holds; those that were read longest ago first. Returns how many. Calls and errors are those of call_function.';
