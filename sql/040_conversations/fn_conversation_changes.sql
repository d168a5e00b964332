create function crm_private.conversation_changes(
  p_workspace_id uuid,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[]
)
returns table (
  conversation_id uuid,
  has_row boolean,
  changes boolean,
  contact_id uuid,
  metadata jsonb,
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
      (array_agg(p_contact_ids[i.ordinal] order by i.ordinal)
        filter (where p_contact_ids[i.ordinal] is not null))[1] as contact_id,
      (array_agg(i.participant order by i.source_time desc nulls last, i.participant::text collate "C" desc)
        filter (where i.participant is not null))[1] as participant,
      max(i.source_time) filter (where i.participant is not null) as participant_at,
      max(i.updated_at) as updated_at
    from unnest(p_items) i
    where p_conversation_ids[i.ordinal] is not null
    group by 1
  ), times as (
    -- Copies count too: the greatest time does not depend on the order of arrival.
    select p_conversation_ids[e.ordinal] as id,
      max(e.occurred_at) filter (where e.type = 'message') as last_message_at,
      max(e.occurred_at) filter (where (e.type = 'message' and e.direction = 'inbound' and not e.is_history)
        or e.type = 'postback') as last_inbound_at,
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
  select i.id, v.id is not null,
    -- The one place that says when a delivery changes a conversation.
    coalesce(v.id is null
      or u.unread > 0
      or (v.contact_id is null and i.contact_id is not null)
      or t.last_message_at > coalesce(v.last_message_at, '-infinity')
      or t.last_inbound_at > coalesce(v.last_inbound_at, '-infinity')
      or t.delivered_watermark > coalesce(v.delivered_watermark, '-infinity')
      or t.read_watermark > coalesce(v.read_watermark, '-infinity')
      or i.updated_at > coalesce(v.source_updated_at, '-infinity')
      or v.metadata <> m.metadata, false),
    i.contact_id, m.metadata, i.updated_at, t.last_message_at, t.last_inbound_at, t.delivered_watermark,
    t.read_watermark, coalesce(u.unread, 0), u.newest
  from items i
  left join times t on t.id = i.id
  left join unread u on u.id = i.id
  left join lateral (
    select x.* from crm.conversations x where x.workspace_id = p_workspace_id and x.id = i.id offset 0
  ) v on true
  cross join lateral (
    select crm_private.conversation_metadata(
      v.contact_id, coalesce(v.metadata, '{}'), i.contact_id, i.participant, i.participant_at) as metadata
    offset 0
  ) m;
end;
$$;
comment on function crm_private.conversation_changes(
  uuid, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[]
) is
  'What a delivery says about each conversation as a whole.

p_stored: those of p_events that were unknown before; the live inbound messages among them count as unread.
has_row: the conversation has its row already.
changes: the delivery gives the row something that it lacks; true without a row.
metadata: the conversation''s metadata after the delivery.';
