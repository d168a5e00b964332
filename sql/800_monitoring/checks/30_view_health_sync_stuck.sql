create view crm.health_sync_stuck with (security_invoker = true) as
select
  a.workspace_id,
  'sync_stuck' as "check",
  a.subject,
  f.runs = 0 as ok,
  jsonb_build_object('resources', f.resources, 'since', f.since, 'error', f.error) as detail,
  'warning' as severity,
  'A run makes no progress' as title,
  'Look whether the schedule is set up and the function answers. If both work, remove the cause that the error names.'
    as remedy
from crm_private.monitored_accounts a
cross join lateral (
  select count(*) as runs, coalesce(jsonb_agg(r.resource order by r.resource), '[]') as resources,
    min(w.since) as since, (array_agg(r.error order by w.since))[1] as error
  from crm.sync_runs r
  left join crm.sync_locks l on l.resource = r.resource and l.fencing_token = r.fencing_token
  cross join lateral (
    select case r.status
      -- A run that rests until the provider's limit ends is not stuck.
      when 'paused' then least(coalesce(r.resume_at, r.paused_at),
        greatest(coalesce(r.progressed_at, r.started_at), case when r.error_code = 'throttled' then r.resume_at end))
      else coalesce(l.expires_at, r.last_page_at, r.resumed_at, r.started_at)
    end as since
  ) w
  where r.workspace_id = a.workspace_id and r.channel_account_id = a.id and r.status in ('running', 'paused')
    -- The scheduled job resumes such runs every minute.
    and w.since < now() - interval '10 minutes'
) f;
comment on view crm.health_sync_stuck is
  'Check: whose run has made no progress for more than 10 minutes? One row per active account.

Either nobody resumes the run, or it fails each time; since says from when on.';
