create view crm.health_sync_failing with (security_invoker = true) as
select
  a.workspace_id,
  'sync_failing' as "check",
  a.subject,
  f.runs = 0 as ok,
  jsonb_build_object('resources', f.resources, 'error', f.error, 'at', f.at) as detail,
  'critical' as severity,
  'The last run of a sync failed' as title,
  'Remove the cause that the code of the error names. Then call the sync: after a failed run the schedule does not.'
    as remedy
from crm_private.monitored_accounts a
cross join lateral (
  select count(*) as runs, coalesce(jsonb_agg(r.resource order by r.resource), '[]') as resources,
    (array_agg(r.error order by r.finished_at desc))[1] as error, max(r.finished_at) as at
  from crm_private.last_runs r
  where r.workspace_id = a.workspace_id and r.channel_account_id = a.id and r.status = 'failed'
    and r.error_code <> 'reconnect'
) f;
comment on view crm.health_sync_failing is
  'Check: whose last run failed, for another reason than its credentials? One row per active account.';
