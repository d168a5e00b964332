create view crm_private.last_runs with (security_invoker = true) as
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
  where n.workspace_id = r.workspace_id and n.resource = r.resource and n.finished_at is null
    and n.last_page_at > r.finished_at);
comment on view crm_private.last_runs is
  'How did the last run of each resource end? The newest finished run, as long as no later run has
stored a page.';
