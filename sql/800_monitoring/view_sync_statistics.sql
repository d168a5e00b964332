create view crm.sync_statistics with (security_invoker = true) as
select
  r.workspace_id,
  r.resource,
  r.day,
  sum(r.runs) as runs,
  sum(r.completed) as completed,
  sum(r.failed) as failed,
  round(100.0 * sum(r.completed) / nullif(sum(r.finished), 0), 1) as completion_rate,
  date_trunc('milliseconds', sum(r.duration) / nullif(sum(r.finished), 0)::float8) as avg_duration,
  date_trunc('milliseconds', max(r.max_duration)) as max_duration,
  date_trunc('milliseconds', sum(r.active_for) / nullif(sum(r.finished), 0)::float8) as avg_active,
  sum(r.pages) as pages,
  sum(r.items) as items,
  sum(r.created) as created,
  sum(r.updated) as updated,
  sum(r.unchanged) as unchanged,
  sum(r.failed_items) as failed_items,
  sum(r.rejected) as rejected,
  coalesce(jsonb_object_agg(r.error_code, r.failed) filter (where r.failed > 0), '{}') as errors
from (
  select
    x.workspace_id,
    x.resource,
    (x.started_at at time zone 'UTC')::date as day,
    case x.status when 'failed' then x.error_code end as error_code,
    count(*) as runs,
    count(x.finished_at) as finished,
    count(*) filter (where x.status = 'completed') as completed,
    count(*) filter (where x.status = 'failed') as failed,
    sum(x.finished_at - x.started_at) as duration,
    max(x.finished_at - x.started_at) as max_duration,
    sum(x.active_for) filter (where x.finished_at is not null) as active_for,
    sum(x.pages) as pages,
    sum(x.items) as items,
    sum(x.created) as created,
    sum(x.updated) as updated,
    sum(x.unchanged) as unchanged,
    sum(x.failed) as failed_items,
    sum(x.rejected) as rejected
  from crm.sync_runs x
  group by 1, 2, 3, 4
) r
group by r.workspace_id, r.resource, r.day
order by r.day desc, r.resource;
comment on view crm.sync_statistics is
  'How did the syncs of each resource go, day by day?

Days are UTC, by when the runs began. Runs and how they ended (completion_rate in percent of those that ended),
durations from start to end and without the pauses (avg_active), what became of the items, and the codes of the failed
runs, counted.';
