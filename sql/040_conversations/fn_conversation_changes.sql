create function crm_private.conversation_changes(
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[]
)
returns table (
  conversation_id uuid,
  contact_id uuid,
  participant jsonb,
  participant_at timestamptz,
  source_updated_at timestamptz,
  last_message_at timestamptz,
  last_inbound_at timestamptz,
  delivered_watermark timestamptz,
  read_watermark timestamptz,
  unread int,
  newest_unread_at timestamptz
)
language plpgsql
stable
set search_path = ''
rows 10
as $$
#variable_conflict use_column
begin
  return query
  with items as (
    select p_conversation_ids[i.ordinal] as id,
      (array_agg(p_contact_ids[i.ordinal] order by i.ordinal) filter (where p_contact_ids[i.ordinal] is not null))[1] as contact_id,
      (array_agg(i.participant order by i.source_time desc nulls last, i.participant::text collate "C" desc) filter (where i.participant is not null))[1] as participant,
      max(i.source_time) filter (where i.participant is not null) as participant_at,
      max(i.updated_at) as updated_at
    from unnest(p_items) i
    where p_conversation_ids[i.ordinal] is not null
    group by 1
  ), times as (
    -- Copies count too: the greatest of all times is the same in every order.
    select p_conversation_ids[e.ordinal] as id,
      max(e.occurred_at) filter (where e.type = 'message') as last_message_at,
      max(e.occurred_at) filter (where (e.type = 'message' and e.direction = 'inbound' and not e.is_history) or e.type = 'postback') as last_inbound_at,
      max(e.watermark) as delivered_watermark,
      max(e.watermark) filter (where e.type = 'read') as read_watermark
    from unnest(p_events) e
    group by 1
  ), unread as (
    select p_conversation_ids[s.ordinal] as id, count(*)::int as unread, max(s.occurred_at) as newest
    from unnest(p_stored) s
    where s.type = 'message' and s.direction = 'inbound' and not s.is_history
    group by 1
  )
  select i.id, i.contact_id, i.participant, i.participant_at, i.updated_at, t.last_message_at, t.last_inbound_at,
    t.delivered_watermark, t.read_watermark, coalesce(u.unread, 0), u.newest
  from items i
  left join times t on t.id = i.id
  left join unread u on u.id = i.id;
end;
$$;
comment on function crm_private.conversation_changes(crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[]) is
  'What a delivery says about each conversation as a whole; p_stored are those of p_events that were not known before and count as unread when they are live inbound messages.';
