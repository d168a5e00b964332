create function crm.bulk_upsert_conversations_with_events(p_channel_account_id uuid, p_items jsonb, p_lock_token uuid default null)
returns table (
  ordinal int,
  conversation_id uuid,
  contact_id uuid,
  version bigint,
  is_new boolean,
  contact_outcome text,
  events_inserted int,
  events_duplicate int,
  error jsonb
)
language plpgsql
set search_path = ''
-- While the statistics are young, a plan that scans a small table would outlive its smallness.
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
  v_result crm_private.ingest_result;
  v_item jsonb;
  v_results crm_private.ingest_result[];
  v_follow_up boolean;
  v_has_other_ids boolean;
begin
  -- The short way for what arrives most: one new message of one participant whose conversation is known, and nothing else in the
  -- item. It does in one statement what ingest_items would do. Whatever is unusual falls through to the general way, and so does
  -- what the tables refuse. Some such items of one call go one after the other, with their conversations locked before.
  begin
    if jsonb_array_length(p_items) > 1
      and (p_lock_token is not null or not crm_private.lock_known_conversations(p_channel_account_id, p_items)) then
      raise exception using errcode = 'data_exception', message = 'not the short way';
    end if;
    for v_ordinal in 1..jsonb_array_length(p_items) loop
      v_item := p_items -> (v_ordinal - 1);
      with known as (
        select a.workspace_id, v.*, c.needs_full_sync, i.event, i.event ->> 'provider_message_id' as message_id, t.occurred_at,
          i.event ->> 'direction' as direction, i.kind
        from (
          select v_item #> '{events,0}' as event, v_item #>> '{participant,identities,0,kind}' as kind
          offset 0
        ) i
        cross join lateral (
          select to_timestamp(case when n.time < 1e10 then n.time else n.time / 1000 end) as occurred_at
          from (select (i.event ->> 'occurred_at')::float8 as time offset 0) n
          offset 0
        ) t
        cross join crm.channel_accounts a
        join crm.conversation_keys k on k.workspace_id = a.workspace_id and k.channel_account_id = a.id
          and k.kind = 'participant'
          and k.value = i.kind || ':' || (v_item #>> '{participant,identities,0,value}')
        -- The contact needs no lock: it is read off the conversation under lock, and a merge takes the conversations before the events.
        cross join lateral (
          select x.id, x.contact_id, x.read_watermark, x.delivered_watermark
          from crm.conversations x
          where x.workspace_id = a.workspace_id and x.id = k.conversation_id
          for no key update
        ) v
        join crm.contacts c on c.workspace_id = a.workspace_id and c.id = v.contact_id
        where a.id = p_channel_account_id
          and p_lock_token is null
          and jsonb_typeof(v_item #> '{participant,identities,0,value}') = 'string'
          -- A bsuid's scope is another matter: ingest_known_person.
          and (i.kind = 'wa_id'
            or i.kind = 'psid' and coalesce(v_item #>> '{participant,identities,0,scope}', a.external_id) = a.external_id)
          and v_item #- '{events,0}' #- '{participant,identities,0,kind}' #- '{participant,identities,0,value}'
            #- '{participant,identities,0,scope}' = '{"events": [], "participant": {"identities": [{}]}}'
          and i.event - '{provider_message_id,occurred_at,direction,text,attachments,reply_to,payload}'::text[] = '{"type": "message"}'
          and jsonb_typeof(coalesce(i.event -> 'text', '""')) = 'string'
          and i.event ->> 'occurred_at' ~ '^[0-9]{1,14}([.][0-9]{1,9})?$'
          and t.occurred_at between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours'
      ), message as (
        insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body, attachments,
          reply_to, status, sent_at, payload)
        select n.workspace_id, p_channel_account_id, n.id, n.message_id, n.direction, nullif(n.event ->> 'text', ''),
          coalesce(n.event -> 'attachments', '[]'), n.event ->> 'reply_to',
          case
            when n.direction = 'inbound' then null
            when n.occurred_at <= n.read_watermark then 'read'
            when n.occurred_at <= n.delivered_watermark then 'delivered'
            else 'sent'
          end,
          n.occurred_at, coalesce(n.event -> 'payload', '{}')
        from known n
        on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
        returning id
      ), event as (
        insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
          provider_message_id, event_type, event_key, occurred_at)
        select n.workspace_id, p_channel_account_id, n.id, n.contact_id, m.id, n.message_id, 'message', 'message:' || n.message_id,
          n.occurred_at
        from known n, message m
      )
      update crm.conversations v set
        status = case when n.direction = 'inbound' and v.status = 'closed' and n.occurred_at > coalesce(v.status_changed_at, '-infinity')
          then 'open' else v.status end,
        unread_count = v.unread_count + (n.direction = 'inbound')::int,
        last_message_at = greatest(v.last_message_at, n.occurred_at),
        last_inbound_at = case when n.direction = 'inbound' then greatest(v.last_inbound_at, n.occurred_at) else v.last_inbound_at end
      from known n, message m
      where v.workspace_id = n.workspace_id and v.id = n.id
      returning v_ordinal, v.id, v.contact_id, v.version, false, case when n.needs_full_sync then 'unchanged' else 'linked' end, 1, 0, v.has_pending_effects, n.kind <> 'psid'
      into ordinal, conversation_id, contact_id, version, is_new, contact_outcome, events_inserted, events_duplicate, v_follow_up, v_has_other_ids;

      if v_follow_up is null then
        -- A duplicate, perhaps: the conversation may be locked, and the general way locks its contact first. Undone, nothing is.
        raise exception using errcode = 'data_exception', message = 'not the short way';
      end if;
      if v_has_other_ids and not v_follow_up then
        v_follow_up := crm_private.has_early_events(p_channel_account_id, v_item #>> '{events,0,provider_message_id}');
      end if;
      if v_follow_up then
        perform crm_private.apply_pending_effects(p_channel_account_id, conversation_id, v_item #>> '{events,0,provider_message_id}');
      end if;
      exit when jsonb_array_length(p_items) = 1;
      v_results := v_results || row(ordinal, conversation_id, contact_id, version, is_new, contact_outcome, events_inserted,
        events_duplicate, null)::crm_private.ingest_result;
    end loop;
    -- Only now: what is undone would stay in the answer.
    if v_results is not null then
      return query select r.* from unnest(v_results) r;
      return;
    elsif v_follow_up is not null then
      return next;
      return;
    end if;
  exception when data_exception or integrity_constraint_violation then
    null;
  end;

  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such channel account.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'channel_account')::text,
      hint = 'Connect it with connect_channel.';
  end if;
  if p_lock_token is not null then
    perform crm_private.require_account_lock(v_account, p_lock_token);
  end if;
  perform crm_private.check_batch(p_items);
  if jsonb_array_length(p_items) = 1 then
    begin
      v_result := crm_private.ingest_known_person(v_account, p_items -> 0);
      if v_result.ordinal is not null then
        return query select v_result.*;
        return;
      end if;
      raise exception using errcode = 'data_exception', message = 'not the short way';
    exception when data_exception or integrity_constraint_violation then
      null;
    end;
  end if;
  return query select r.* from crm_private.ingest_isolating(v_account, p_items, clock_timestamp()) r;
end;
$$;
comment on function crm.bulk_upsert_conversations_with_events(uuid, jsonb, uuid) is
  'Ingests up to 500 InboundItems with up to 2,000 events into one channel account, in one transaction. One row per item, in order: ordinal counts from 1; error is null, or {code, path} of the item, or {code, events: [{code, path}]} where only events were bad; what is bad is in dead_letters. With p_lock_token, the token of a lock of one of the account''s resources, it writes only while that lock is held. PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
