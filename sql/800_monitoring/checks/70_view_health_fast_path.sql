create view crm.health_fast_path with (security_invoker = true) as
select
  a.workspace_id,
  'fast_path' as "check",
  a.channel || ':' || a.external_id as subject,
  e.errors is null as ok,
  jsonb_build_object('errors', coalesce(e.errors, '[]'), 'last_at', e.last_at) as detail,
  'info' as severity,
  'The fast path of the ingest ends with errors' as title,
  'Nothing is lost, but each such call does its work twice. '
    'Look at the constraint or expression that crm.fast_path_errors names.' as remedy
from crm.channel_accounts a
cross join lateral (
  select max(x.last_at) as last_at,
    jsonb_agg(
      jsonb_build_object('sqlstate', x.sqlstate, 'constraint', nullif(x.constraint_name, ''), 'errors', x.errors)
      order by x.last_at desc, x.sqlstate, x.constraint_name) as errors
  from crm.fast_path_errors x
  where x.workspace_id = a.workspace_id and x.channel_account_id = a.id and x.last_at > now() - interval '1 day'
) e
where a.is_active;
comment on view crm.health_fast_path is
  'Check: on whose account did the fast path of the ingest end with an error in the last day?

One row per active account.';
