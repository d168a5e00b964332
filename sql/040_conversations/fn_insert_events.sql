create function crm_private.insert_events(
  p_account crm.channel_accounts,
  p_events crm_private.inbound_event[],
  p_conversation_ids uuid[],
  p_conversations crm.conversations[]
)
returns table (event_key text, message_id uuid, conversation_id uuid, provider_message_id text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
    provider_message_id, event_type, event_key, occurred_at, payload)
  select p_account.workspace_id, p_account.id, v.id, v.contact_id, m.id, e.provider_message_id, e.type, e.key,
    e.occurred_at,
    -- The text of a late edit does not come back once the message was unsent.
    case when m.unsent_at is not null and e.type = 'edit' then '{}' else e.payload end
  from unnest(p_events) e
  join unnest(p_conversations) v on v.id = p_conversation_ids[e.ordinal]
  left join lateral (
    select x.id, x.unsent_at
    from crm.messages x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
      and x.provider_message_id = e.provider_message_id
    offset 0
  ) m on true
  where e.type <> 'message'
  order by e.key collate "C"
  on conflict (workspace_id, channel_account_id, event_key) do nothing
  returning event_key, message_id, conversation_id, provider_message_id;
end;
$$;
comment on function crm_private.insert_events(
  crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]
) is
  'Stores the new events that are not messages, tied to their message where it is there. Returns what it stored.

The conversations are locked: a message of theirs that arrives meanwhile waits, and then finds these events. A message
that arrives through another conversation of the person finds them when the two merge.';
