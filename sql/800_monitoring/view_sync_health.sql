-- One select per check, each with a row for everything it looks at, ok or not: a new check is one more select at the end.
create view crm.sync_health with (security_invoker = true) as
with last_runs as (
  -- The newest finished run of each resource, as long as no later one has got a page.
  select r.*
  from crm.sync_state s
  cross join lateral (
    select x.*
    from crm.sync_runs x
    where x.workspace_id = s.workspace_id and x.resource = s.resource and x.finished_at is not null
    order by x.started_at desc
    limit 1
  ) r
  where not exists (
    select from crm.sync_runs n
    where n.workspace_id = r.workspace_id and n.resource = r.resource and n.finished_at is null and n.last_page_at > r.finished_at)
), accounts as (
  select a.workspace_id, a.id, a.channel || ':' || a.external_id as subject
  from crm.channel_accounts a
  where a.is_active
)
select a.workspace_id, 'reconnect' as "check", a.subject, f.runs = 0 as ok,
  jsonb_build_object('resources', f.resources, 'error', f.error, 'at', f.at) as detail
from accounts a
cross join lateral (
  select count(*) as runs, coalesce(jsonb_agg(r.resource order by r.resource), '[]') as resources,
    (array_agg(r.error order by r.finished_at desc))[1] as error, max(r.finished_at) as at
  from last_runs r
  where r.workspace_id = a.workspace_id and r.channel_account_id = a.id and r.status = 'failed' and r.error_code = 'reconnect'
) f

union all
select a.workspace_id, 'sync_failing', a.subject, f.runs = 0,
  jsonb_build_object('resources', f.resources, 'error', f.error, 'at', f.at)
from accounts a
cross join lateral (
  select count(*) as runs, coalesce(jsonb_agg(r.resource order by r.resource), '[]') as resources,
    (array_agg(r.error order by r.finished_at desc))[1] as error, max(r.finished_at) as at
  from last_runs r
  where r.workspace_id = a.workspace_id and r.channel_account_id = a.id and r.status = 'failed' and r.error_code <> 'reconnect'
) f

union all
-- The scheduled job goes on with such runs every minute: after ten without any progress somebody should look. Resting until a
-- provider's limit is over is not standing still.
select a.workspace_id, 'sync_stuck', a.subject, f.runs = 0,
  jsonb_build_object('resources', f.resources, 'since', f.since, 'error', f.error)
from accounts a
cross join lateral (
  select count(*) as runs, coalesce(jsonb_agg(r.resource order by r.resource), '[]') as resources, min(w.since) as since,
    (array_agg(r.error order by w.since))[1] as error
  from crm.sync_runs r
  left join crm.sync_locks l on l.resource = r.resource and l.fencing_token = r.fencing_token
  cross join lateral (
    select case r.status
      when 'paused' then least(coalesce(r.resume_at, r.paused_at),
        greatest(coalesce(r.progressed_at, r.started_at), case when r.error_code = 'throttled' then r.resume_at end))
      else coalesce(l.expires_at, r.last_page_at, r.resumed_at, r.started_at)
    end as since
  ) w
  where r.workspace_id = a.workspace_id and r.channel_account_id = a.id and r.status in ('running', 'paused')
    and w.since < now() - interval '10 minutes'
) f

union all
-- The scheduled job calls every quarter of an hour, and each call begins a run at once, unless the function cannot.
select a.workspace_id, 'sync_overdue', a.subject, f.resources = '[]',
  jsonb_build_object('resources', f.resources, 'since', f.since)
from accounts a
cross join lateral (
  select coalesce(jsonb_agg(s.resource order by s.resource), '[]') as resources, min(s.called_since) as since
  from crm.sync_state s
  cross join lateral (
    select x.channel_account_id, x.started_at
    from crm.sync_runs x
    where x.workspace_id = s.workspace_id and x.resource = s.resource
    order by x.started_at desc
    limit 1
  ) r
  where s.workspace_id = a.workspace_id and r.channel_account_id = a.id and s.called_since > r.started_at and s.called_since < now() - interval '1 hour'
) f

union all
select a.workspace_id, 'dead_letters', a.subject, f.letters = 0,
  jsonb_build_object('open', f.letters, 'oldest', f.oldest)
from accounts a
cross join lateral (
  select count(*) as letters, min(d.created_at) as oldest
  from crm.dead_letters d
  where d.workspace_id = a.workspace_id and d.channel_account_id = a.id and d.status = 'open'
) f

union all
-- Of accounts that are not connected: only the operator sees them.
select null, 'dead_letters', d.channel || ':' || d.account_external_id, false,
  jsonb_build_object('open', count(*), 'oldest', min(d.created_at), 'reason', 'not connected')
from crm.dead_letters d
where d.workspace_id is null and d.status = 'open'
group by d.channel, d.account_external_id

union all
select a.workspace_id, 'rate_limited', a.subject, b.blocked_until is null or b.blocked_until <= now(),
  jsonb_build_object('blocked_until', case when b.blocked_until > now() then b.blocked_until end)
from accounts a
left join crm.rate_limit_buckets b on b.bucket = a.subject;
comment on view crm.sync_health is 'Is there anything that somebody should be called for? One row per check and account (subject), with what was found in detail. reconnect: its token is refused; sync_failing: the newest run ended with another error; sync_stuck: a run has made no progress for more than 10 minutes, because nobody goes on with it or it always fails; sync_overdue: the scheduled job calls, and for more than an hour no run has begun; dead_letters: some are open; rate_limited: the provider lets us send nothing just now.';
