create view crm.dead_letter_summary with (security_invoker = true) as
select
  d.workspace_id,
  d.channel,
  d.account_external_id,
  d.reason,
  d.path,
  count(*) as dead_letters,
  min(d.created_at) as first_at,
  max(d.created_at) as last_at
from crm.dead_letters d
where d.status = 'open'
group by d.workspace_id, d.channel, d.account_external_id, d.reason, d.path;
comment on view crm.dead_letter_summary is 'What could not be stored, and why? One row per account, reason and path of the open dead letters.';
