create view crm.channel_overview with (security_invoker = true) as
select
  a.workspace_id,
  a.id as channel_account_id,
  a.channel,
  a.display_name,
  a.is_active,
  v.contacts,
  v.conversations,
  m.messages,
  e.events,
  d.dead_letters,
  e.last_event_at
from crm.channel_accounts a
cross join lateral (
  select count(*) as conversations, count(distinct c.contact_id) as contacts
  from crm.conversations c
  where c.workspace_id = a.workspace_id and c.channel_account_id = a.id
) v
cross join lateral (
  select count(*) as messages
  from crm.messages m
  where m.workspace_id = a.workspace_id and m.channel_account_id = a.id
) m
cross join lateral (
  select count(*) as events, max(e.occurred_at) as last_event_at
  from crm.contact_interaction_events e
  where e.workspace_id = a.workspace_id and e.channel_account_id = a.id
) e
cross join lateral (
  select count(*) as dead_letters
  from crm.dead_letters d
  where d.workspace_id = a.workspace_id and d.channel_account_id = a.id and d.status = 'open'
) d;
comment on view crm.channel_overview is 'What is in each channel account? One row per account, with counts.';
