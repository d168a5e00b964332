create view crm.health_sync_overdue with (security_invoker = true) as
select
  a.workspace_id,
  'sync_overdue' as "check",
  a.subject,
  f.resources = '[]' as ok,
  jsonb_build_object('resources', f.resources, 'since', f.since) as detail,
  'critical' as severity,
  'The schedule calls the sync, and no run begins' as title,
  'Read the answers to the calls in net._http_response. Most often a key or a function secret is missing or wrong.'
    as remedy
from crm_private.monitored_accounts a
cross join lateral (
  select coalesce(jsonb_agg(s.resource order by s.resource), '[]') as resources, min(s.unanswered_since) as since
  from crm.sync_state s
  cross join lateral (
    select x.channel_account_id, x.started_at
    from crm.sync_runs x
    where x.workspace_id = s.workspace_id and x.resource = s.resource
    order by x.started_at desc
    limit 1
  ) r
  where s.workspace_id = a.workspace_id and r.channel_account_id = a.id and s.unanswered_since > r.started_at
    -- The scheduled job calls every quarter of an hour, and a function that works begins a run at once.
    and s.unanswered_since < now() - interval '1 hour'
) f;
comment on view crm.health_sync_overdue is
  'Check: for whom has the schedule called for more than an hour without a run? One row per active account.';
