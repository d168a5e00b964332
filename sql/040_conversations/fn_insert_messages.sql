create function crm_private.insert_messages(
  p_account crm.channel_accounts,
  p_events crm_private.inbound_event[],
  p_conversation_ids uuid[],
  p_conversations crm.conversations[]
)
returns setof text
language plpgsql
set search_path = ''
as $$
begin
  return query
  with incoming as (
    select e.*, v.id as conversation_id, v.contact_id,
      crm_private.first_status(e.direction, e.occurred_at, v.read_watermark, v.delivered_watermark) as first_status
    from unnest(p_events) e
    join unnest(p_conversations) v on v.id = p_conversation_ids[e.ordinal]
    where e.type = 'message'
  ), inserted as (
    insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction,
      body, attachments, reply_to, status, sent_at, is_history, payload)
    select p_account.workspace_id, p_account.id, n.conversation_id, n.provider_message_id, n.direction, n.body,
      n.attachments, n.reply_to, n.first_status, n.occurred_at, n.is_history, n.payload
    from incoming n
    order by n.key collate "C"
    on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
    returning id, conversation_id, provider_message_id, sent_at
  )
  insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
    provider_message_id, event_type, event_key, occurred_at)
  select p_account.workspace_id, p_account.id, m.conversation_id, v.contact_id, m.id, m.provider_message_id, 'message',
    'message:' || m.provider_message_id, m.sent_at
  from inserted m
  join unnest(p_conversations) v on v.id = m.conversation_id
  returning event_key;
end;
$$;
comment on function crm_private.insert_messages(
  crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]
) is
  'Stores the new messages, each with its interaction event, in one statement. Returns their event keys.

p_conversations are the rows under lock: a late echo takes its status from their watermarks.';
