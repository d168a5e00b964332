create view crm.active_syncs with (security_invoker = true) as
select
  r.workspace_id,
  r.id as run_id,
  r.channel_account_id,
  a.channel,
  a.display_name as account,
  r.resource,
  r.mode,
  r.status,
  r.holder,
  r.pages,
  r.items,
  r.created,
  r.updated,
  r.unchanged,
  r.failed,
  r.rejected,
  r.total_estimate,
  p.progress,
  -- No rate and no end for a run without a worker: it is paused, or its process died.
  case when p.is_worked_on then round(p.items_per_second * 60, 1) end as items_per_minute,
  case when p.is_worked_on and p.items_per_second > 0 and r.total_estimate > 0 then
    date_trunc('second',
      now() + make_interval(secs => (greatest(r.total_estimate - r.items, 0) / p.items_per_second)::float8))
  end as estimated_end,
  case when p.is_worked_on then l.expires_at - now() end as lease_left,
  r.started_at,
  date_trunc('second', p.active_for) as active_for,
  r.last_page_at,
  r.paused_at,
  r.resume_at,
  r.error
from crm.sync_runs r
join crm.channel_accounts a on a.workspace_id = r.workspace_id and a.id = r.channel_account_id
left join crm.sync_locks l on l.resource = r.resource and l.fencing_token = r.fencing_token and r.status = 'running'
cross join lateral (
  select coalesce(l.expires_at > now(), false) as is_worked_on, r.active_for + case
    when r.status <> 'running' then '0'
    -- Without a lease the run was active until its last page.
    when l.expires_at is null or l.expires_at <= now()
      then greatest(r.last_page_at - coalesce(r.resumed_at, r.started_at), '0')
    else greatest(now() - coalesce(r.resumed_at, r.started_at), '0')
  end as active_for
  offset 0
) d
cross join lateral (
  select d.is_worked_on, d.active_for,
    round(100.0 * least(r.items, r.total_estimate) / nullif(r.total_estimate, 0), 1) as progress,
    r.items / nullif(extract(epoch from d.active_for), 0) as items_per_second
  offset 0
) p
where r.status in ('running', 'paused')
order by r.started_at, r.id;
comment on view crm.active_syncs is
  'Which syncs are under way, how far are they, and when will they end?

One row per run that is running or paused. progress is in percent of total_estimate. items_per_minute and estimated_end
are set only while a worker holds the lease. A running run without lease_left lost its process: the next start_sync
resumes it.';
