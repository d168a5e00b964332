create function crm_private.lock_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_richer uuid[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_are_new boolean[]
)
returns crm.conversations[]
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid[];
  v_locked crm.conversations[];
  v_is_gone boolean;
begin
  select array_agg(v.id) filter (where g.changes), coalesce(bool_or(v.id is null and n.id is null), false) into v_ids, v_is_gone
  from crm_private.conversation_changes(p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
  left join lateral (
    select x.* from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = c.conversation_id offset 0
  ) v on true
  left join (select distinct n.id from unnest(p_conversation_ids, p_are_new) n (id, is_new) where n.is_new) n on n.id = c.conversation_id
  left join (select distinct p_conversation_ids[s.ordinal] as id from unnest(p_stored) s) s on s.id = v.id
  cross join lateral (
    select v.id is not null and n.id is null
      and (s.id is not null
        or (v.contact_id is null and c.contact_id is not null)
        or c.last_message_at > coalesce(v.last_message_at, '-infinity')
        or c.last_inbound_at > coalesce(v.last_inbound_at, '-infinity')
        or c.delivered_watermark > coalesce(v.delivered_watermark, '-infinity')
        or c.read_watermark > coalesce(v.read_watermark, '-infinity')
        or c.source_updated_at > coalesce(v.source_updated_at, '-infinity')
        or v.metadata <> crm_private.conversation_metadata(v.contact_id, v.metadata, c.contact_id, c.participant, c.participant_at)) as changes
    offset 0
  ) g;

  -- A copy may come through another conversation of the person than its message.
  v_ids := array(select i.id from unnest(v_ids) i (id) union select r.id from unnest(p_richer) r (id));
  if cardinality(v_ids) > 0 then
    select array_agg(l.conversation order by (l.conversation).id) into v_locked
    from (select i.id from unnest(v_ids) i (id) order by i.id) i
    cross join lateral (
      select x as conversation from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id
      for no key update
    ) l;
  end if;
  if v_is_gone or coalesce(cardinality(v_locked), 0) < cardinality(v_ids) then
    raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
  end if;
  return v_locked;
end;
$$;
comment on function crm_private.lock_conversations(crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[], uuid[], boolean[]) is
  'Locks the conversations that were there before and that this delivery changes, and those with a message that a copy adds to (p_richer), in id order; returns their rows under lock, null when there is none. One that was merged away meanwhile is a serialization failure: the delivery is resolved anew.';
