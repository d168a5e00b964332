-- One line per check. Each is a view of its own in checks/, with these columns.
create view crm.sync_health with (security_invoker = true) as
select * from crm.health_reconnect
union all select * from crm.health_sync_failing
union all select * from crm.health_sync_stuck
union all select * from crm.health_sync_overdue
union all select * from crm.health_dead_letters
union all select * from crm.health_rate_limited
union all select * from crm.health_fast_path;
comment on view crm.sync_health is
  'Is there anything that somebody should be called for?

One row per check and account (subject), with what the check found in detail.
severity: critical, when no data arrives until somebody acts; warning, when somebody should look; info, when it
passes by itself. title: what a row that is not ok means. remedy: what to do about it.';
