create function crm_private.store_events(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_are_new boolean[]
)
returns crm_private.inbound_event[]
language plpgsql
set search_path = ''
as $$
declare
  v_fresh crm_private.inbound_event[];
  v_copies crm_private.inbound_event[];
  v_stored crm_private.inbound_event[];
  v_keys text[];
  v_messages text[];
  v_touched uuid[];
  v_attached uuid[];
  v_waiting uuid[];
  v_enriched uuid[] := array[]::uuid[];
  v_before crm.conversations[];
  v_conversations crm.conversations[];
  v_all_new boolean := (
    select count(distinct c.id) = count(*) filter (where c.is_new)
    from unnest(p_conversation_ids, p_are_new) c (id, is_new));
begin
  -- 1. Find the events that are unknown, and the copies that add something to a known message.
  --    A message with a row has its event as well (I10).
  if v_all_new then
    v_fresh := p_events;
  else
    select array_agg(e) filter (where known.adds is null), array_agg(e) filter (where known.adds)
    into v_fresh, v_copies
    from unnest(p_events) e
    left join lateral (
      select coalesce(
        e.body <> coalesce(x.body, '')
          or (e.attachments <> '[]' and e.attachments <> x.attachments)
          or e.reply_to <> coalesce(x.reply_to, '')
          -- Earlier, or finer within the same second: merge_copy would take that time.
          or e.occurred_at <> x.sent_at
            and (e.occurred_at < x.sent_at) = (date_bin('1 second', e.occurred_at, 'epoch')
              <> date_bin('1 second', x.sent_at, 'epoch'))
          or (x.is_history and not e.is_history)
          or (e.payload <> '{}' and x.payload || e.payload <> x.payload), false) as adds
      from crm.messages x
      where e.type = 'message'
        and x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and x.provider_message_id = e.provider_message_id
      union all
      select false
      from crm.contact_interaction_events x
      where e.type <> 'message'
        and x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.event_key = e.key
      offset 0
    ) known on true;
  end if;

  -- Of an event that the delivery has twice, the second one is a copy.
  if (select count(distinct e.key collate "C") from unnest(v_fresh) e) < cardinality(v_fresh) then
    select array_agg(k.event) filter (where k.place = 1),
      v_copies || array_agg(k.event) filter (where k.place > 1 and (k.event).type = 'message')
    into v_fresh, v_copies
    from (select e as event, row_number() over (partition by e.key) as place from unnest(v_fresh) e) k;
  end if;
  v_stored := coalesce(v_fresh, '{}');

  -- 2. Give new conversations their rows. Of the others, lock only those that change, in id order.
  if true = any (p_are_new) then
    perform crm_private.insert_conversations(p_account, p_items, p_events, v_stored, p_contact_ids,
      p_conversation_ids, p_are_new);
  end if;
  if not v_all_new then
    v_enriched := array(select distinct r.conversation_id from crm_private.messages_enriched_by(p_account, v_copies) r);
    v_before := crm_private.lock_conversations(p_account, p_items, p_events, v_stored, v_enriched, p_contact_ids,
      p_conversation_ids, p_are_new);
  end if;

  if cardinality(v_fresh) > 0 then
    -- The conversations that get something new are locked, so these rows are final.
    v_conversations := array(
      select v.conversation
      from (select distinct c.id from unnest(p_conversation_ids) c (id) where c.id is not null) i
      cross join lateral (
        select x as conversation from crm.conversations x
        where x.workspace_id = p_account.workspace_id and x.id = i.id offset 0
      ) v);
    if exists (
      select from unnest(p_conversation_ids) c (id)
      left join unnest(v_conversations) v on v.id = c.id
      where c.id is not null and v.id is null) then
      raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
    end if;

    -- 3. Store messages with their events, then the other events.
    v_keys := array(select crm_private.insert_messages(p_account, v_fresh, p_conversation_ids, v_conversations));
    v_messages := v_keys;
    select v_keys || coalesce(array_agg(s.event_key), '{}'),
      coalesce(array_agg(s.message_id) filter (where s.message_id is not null), '{}'),
      array_agg(s.conversation_id) filter (where s.message_id is null and s.provider_message_id is not null)
    into v_keys, v_touched, v_waiting
    from crm_private.insert_events(p_account, v_fresh, p_conversation_ids, v_conversations) s;

    if cardinality(v_keys) < cardinality(v_fresh) then
      -- Another delivery stored some of them first: those are copies too.
      select coalesce(array_agg(f.event) filter (where f.is_stored), '{}'),
        v_copies || array_agg(f.event) filter (where not f.is_stored and (f.event).type = 'message')
      into v_stored, v_copies
      from (
        select e as event, k.key is not null as is_stored
        from unnest(v_fresh) e
        left join unnest(v_keys) k (key) on k.key = e.key
      ) f;
      update crm.conversations v set unread_count = c.unread
      from crm_private.conversation_changes(
        p_account.workspace_id, p_items, p_events, v_stored, p_contact_ids, p_conversation_ids) c
      join unnest(p_conversation_ids, p_are_new) n (id, is_new) on n.is_new and n.id = c.conversation_id
      where v.workspace_id = p_account.workspace_id and v.id = c.conversation_id and v.unread_count <> c.unread;
    end if;

    -- 4. Apply early events to the new messages, and new events to known messages.
    if cardinality(v_messages) > 0 then
      v_attached := crm_private.attach_early_events(p_account, v_messages);
      if cardinality(v_attached) > 0 then
        v_touched := v_touched || v_attached;
        v_waiting := v_waiting || array(select v.id from unnest(v_conversations) v where v.has_pending_effects);
      end if;
    end if;
    if v_waiting is not null then
      perform crm_private.refresh_pending_effects(p_account, v_waiting);
    end if;
    if cardinality(v_touched) > 0 then
      perform crm_private.apply_message_effects(p_account, v_touched);
    end if;
  end if;

  -- 5. Enrich messages from their copies, update the conversations, remove answered tags of the AI.
  if v_copies is not null then
    perform crm_private.enrich_messages(p_account, v_copies, array(
      select b.id from unnest(v_before) b
      union
      select n.id from unnest(p_conversation_ids, p_are_new) n (id, is_new) where n.is_new));
  end if;
  if v_before is not null then
    perform crm_private.update_conversations(p_account, p_items, p_events, v_stored, p_contact_ids,
      p_conversation_ids, v_before);
    perform crm_private.remove_answered_ai_tags(p_account, v_stored, p_conversation_ids, v_before);
  end if;
  return v_stored;
end;
$$;
comment on function crm_private.store_events(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], uuid[], uuid[], boolean[]
) is
  'Stores the events of resolved conversations, each once, with everything that follows from them.

Returns those that were new. A replay locks nothing and writes nothing.';
