create view crm.stuck_locks with (security_invoker = true) as
select
  coalesce(r.workspace_id, l.workspace_id) as workspace_id,
  coalesce(r.resource, l.resource) as resource,
  coalesce(r.holder, l.holder) as holder,
  r.id as run_id,
  r.pages,
  l.acquired_at,
  r.last_page_at,
  l.expires_at as expired_at,
  date_trunc('second', now() - coalesce(l.expires_at, r.last_page_at, r.resumed_at, r.started_at)) as stuck_for
from (
  select x.workspace_id, x.resource, x.holder, x.fencing_token, x.acquired_at, x.expires_at
  from crm.sync_locks x where x.expires_at <= now()
) l
full join (
  select x.*
  from crm.sync_runs x
  where x.status = 'running'
    and not exists (
      select from crm.sync_locks h
      where h.resource = x.resource and h.fencing_token = x.fencing_token and h.expires_at > now())
) r on r.workspace_id = l.workspace_id and r.resource = l.resource and r.fencing_token = l.fencing_token
order by stuck_for desc, resource;
comment on view crm.stuck_locks is
  'Which locks were taken and never given back?

One row per resource whose lease is over, and per running run that no worker holds any more. stuck_for counts since the
lease''s end, or since the run''s last sign when the lock was cleaned up or taken for something else.';
