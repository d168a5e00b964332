create view crm.dead_letter_summary with (security_invoker = true) as
select
  d.workspace_id,
  d.channel,
  d.account_external_id,
  d.reason,
  d.path,
  count(*) as dead_letters,
  min(d.created_at) as first_at,
  max(d.created_at) as last_at,
  bool_or(d.is_item and a.is_active is true) as can_be_replayed,
  max(d.attempts) as most_attempts,
  max(d.tried_at) as last_tried_at,
  (array_agg(coalesce(d.replay_error ->> 'code', d.detail)
    order by d.tried_at desc nulls last, d.created_at desc))[1] as last_error
from crm.dead_letters d
left join crm.channel_accounts a on a.channel = d.channel and a.external_id = d.account_external_id
where d.status = 'open'
group by d.workspace_id, d.channel, d.account_external_id, d.reason, d.path;
comment on view crm.dead_letter_summary is
  'What could not be stored, and why?

One row per account, reason and path of the open dead letters: how many, since when, whether the database can replay
them now (an item, of an account that is connected and active), and what became of the last attempt.';
