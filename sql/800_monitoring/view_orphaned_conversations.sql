create view crm.orphaned_conversations with (security_invoker = true) as
select
  v.workspace_id,
  v.id as conversation_id,
  v.channel_account_id,
  a.channel,
  a.display_name as account,
  v.metadata #>> '{participant,full_name}' as full_name,
  v.metadata -> 'participant' as participant,
  k.thread_ids,
  k.participant_keys,
  v.created_at as since,
  v.last_message_at,
  l.direction as last_direction,
  l.body as last_body
from crm.conversations v
join crm.channel_accounts a on a.workspace_id = v.workspace_id and a.id = v.channel_account_id
cross join lateral (
  select array_agg(x.value order by x.value) filter (where x.kind = 'thread') as thread_ids,
    array_agg(x.value order by x.value) filter (where x.kind = 'participant') as participant_keys
  from crm.conversation_keys x
  where x.conversation_id = v.id
) k
left join lateral (
  select m.direction, m.body
  from crm.messages m
  where m.conversation_id = v.id
  order by m.sent_at desc, m.provider_message_id desc
  limit 1
) l on true
where v.contact_id is null
order by v.last_message_at desc nulls last, v.id;
comment on view crm.orphaned_conversations is
  'Which conversations have no contact, and why?

One row per such conversation, with the participant as delivered. One with participant_keys had a contact that was
deleted, or its ids are blocked; the others never named a usable id. since is the conversation''s start: the time of a
deletion is not kept.';
