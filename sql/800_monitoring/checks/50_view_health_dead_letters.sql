create view crm.health_dead_letters with (security_invoker = true) as
select
  f.workspace_id,
  'dead_letters' as "check",
  f.subject,
  f.ok,
  f.detail,
  'warning' as severity,
  'Some deliveries could not be stored' as title,
  'Look at crm.dead_letter_summary and remove the cause. Then replay the letters, or discard what nobody needs.'
    as remedy
from (
  select a.workspace_id, a.subject, l.letters = 0 as ok,
    jsonb_build_object('open', l.letters, 'oldest', l.oldest) as detail
  from crm_private.monitored_accounts a
  cross join lateral (
    select count(*) as letters, min(d.created_at) as oldest
    from crm.dead_letters d
    where d.workspace_id = a.workspace_id and d.channel_account_id = a.id and d.status = 'open'
  ) l
  union all
  -- Letters of accounts that nobody connected have no workspace: only the operator sees them.
  select null, d.channel || ':' || d.account_external_id, false,
    jsonb_build_object('open', count(*), 'oldest', min(d.created_at), 'reason', 'not connected')
  from crm.dead_letters d
  where d.workspace_id is null and d.status = 'open'
  group by d.channel, d.account_external_id
) f;
comment on view crm.health_dead_letters is
  'Check: whose deliveries could not be stored? One row per active account, and per account that nobody has connected.';
