create function crm_private.ingest_plain_messages(p_account crm.channel_accounts, p_items jsonb)
returns setof crm_private.ingest_result
language plpgsql
set search_path = ''
as $$
declare
  v_kinds jsonb := crm_private.fast_path_kinds() -> p_account.channel -> 'kinds';
  v_item jsonb;
  v_kind text;
  v_event jsonb;
  v_message_id text;
  v_direction text;
  v_time float8;
  v_occurred_at timestamptz;
  v_result crm_private.ingest_result;
  v_has_effects boolean;
begin
  if jsonb_array_length(p_items) > 1 then
    perform crm_private.lock_known_conversations(p_account, p_items);
  end if;
  for v_ordinal in 1..jsonb_array_length(p_items) loop
    v_item := p_items -> (v_ordinal - 1);
    v_kind := v_item #>> '{participant,identities,0,kind}';
    v_event := v_item -> 'events' -> 0;
    v_message_id := v_event ->> 'provider_message_id';
    v_direction := v_event ->> 'direction';
    v_time := (v_event ->> 'occurred_at')::float8;
    v_occurred_at := to_timestamp(case when v_time < 1e10 then v_time else v_time / 1000 end);

    with known as (
      select v.*, c.needs_full_sync
      from crm.conversation_keys k
      -- The contact needs no lock: its id is read under the conversation's lock, and a merge locks the conversations
      -- before it moves their events.
      cross join lateral (
        select x.id, x.contact_id, x.read_watermark, x.delivered_watermark
        from crm.conversations x
        where x.workspace_id = k.workspace_id and x.id = k.conversation_id
        for no key update
      ) v
      join crm.contacts c on c.workspace_id = k.workspace_id and c.id = v.contact_id
      where k.workspace_id = p_account.workspace_id and k.channel_account_id = p_account.id and k.kind = 'participant'
        and k.value = v_kind || ':' || (v_item #>> '{participant,identities,0,value}')
        and v_occurred_at between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours'
    ), message as (
      insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body,
        attachments, reply_to, status, sent_at, payload)
      select p_account.workspace_id, p_account.id, n.id, v_message_id, v_direction, nullif(v_event ->> 'text', ''),
        coalesce(v_event -> 'attachments', '[]'), v_event ->> 'reply_to',
        case
          when v_direction = 'inbound' then null
          when v_occurred_at <= n.read_watermark then 'read'
          when v_occurred_at <= n.delivered_watermark then 'delivered'
          else 'sent'
        end,
        v_occurred_at, coalesce(v_event -> 'payload', '{}')
      from known n
      on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
      returning id
    ), event as (
      insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id,
        message_id, provider_message_id, event_type, event_key, occurred_at)
      select p_account.workspace_id, p_account.id, n.id, n.contact_id, m.id, v_message_id, 'message',
        'message:' || v_message_id, v_occurred_at
      from known n, message m
    )
    update crm.conversations v set
      status = case
        when v_direction = 'inbound' and v.status = 'closed'
          and v_occurred_at > coalesce(v.status_changed_at, '-infinity') then 'open'
        else v.status
      end,
      unread_count = v.unread_count + (v_direction = 'inbound')::int,
      last_message_at = greatest(v.last_message_at, v_occurred_at),
      last_inbound_at = case
        when v_direction = 'inbound' then greatest(v.last_inbound_at, v_occurred_at)
        else v.last_inbound_at
      end
    from known n, message m
    where v.workspace_id = p_account.workspace_id and v.id = n.id
    returning v_ordinal, v.id, v.contact_id, v.version, false,
      case when n.needs_full_sync then 'unchanged' else 'linked' end, 1, 0, null::jsonb, v.has_pending_effects
    into v_result.ordinal, v_result.conversation_id, v_result.contact_id, v_result.version, v_result.is_new,
      v_result.contact_outcome, v_result.events_inserted, v_result.events_duplicate, v_result.error, v_has_effects;
    if not found then
      -- Possibly a duplicate. The caller's rollback releases the conversation: the general path locks its contact
      -- first.
      raise exception using errcode = 'OF002', message = 'The message is not new, or its conversation is not known.';
    end if;

    -- An event that came before its message may lie in another conversation of a person who has several ids.
    if v_has_effects
      or v_kinds - v_kind <> '[]' and crm_private.has_early_events(p_account.id, v_message_id) then
      perform crm_private.apply_pending_effects(p_account.id, v_result.conversation_id, v_message_id);
    end if;
    return next v_result;
  end loop;
end;
$$;
comment on function crm_private.ingest_plain_messages(crm.channel_accounts, jsonb) is
  'The fast path of items of the shape plain (fast_path_shape): stores each message in one statement.

Returns one row per item, in order. Raises OF002 when a conversation is not known, a message is not new, or its time
is before 2004 or more than 24 hours ahead; the caller rolls back and takes the general path.';
