create view crm.health_rate_limited with (security_invoker = true) as
select
  a.workspace_id,
  'rate_limited' as "check",
  a.subject,
  b.blocked_until is null or b.blocked_until <= now() as ok,
  jsonb_build_object('blocked_until', case when b.blocked_until > now() then b.blocked_until end) as detail,
  'info' as severity,
  'The provider accepts no requests at the moment' as title,
  'Wait: runs resume when the pause ends. If it happens every day, lower the rate with set_rate_limit, or sync less.'
    as remedy
from crm_private.monitored_accounts a
left join crm.rate_limit_buckets b on b.bucket = a.subject;
comment on view crm.health_rate_limited is
  'Check: who may send nothing until the provider''s pause ends? One row per active account.';
