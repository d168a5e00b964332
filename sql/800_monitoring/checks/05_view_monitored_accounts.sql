create view crm_private.monitored_accounts with (security_invoker = true) as
select a.workspace_id, a.id, a.channel || ':' || a.external_id as subject
from crm.channel_accounts a
where a.is_active;
comment on view crm_private.monitored_accounts is
  'Which accounts do the checks look at? One row per active account, with the subject that names it in sync_health.';
