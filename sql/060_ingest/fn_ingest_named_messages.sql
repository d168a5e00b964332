create function crm_private.ingest_named_messages(p_account crm.channel_accounts, p_items jsonb)
returns setof crm_private.ingest_result
language plpgsql
set search_path = ''
as $$
declare
  v_participant jsonb := p_items #> '{0,participant}';
  v_event jsonb := p_items #> '{0,events,0}';
  v_attributes jsonb := coalesce(v_participant -> 'custom_attributes', '{}');
  v_message_id text := v_event ->> 'provider_message_id';
  v_direction text := v_event ->> 'direction';
  v_known record;
  v_result crm_private.ingest_result;
  v_has_effects boolean;
begin
  -- The general path takes whatever is unusual: ids that are not all known or not all of one person, a value that
  -- differs, a field without a source.
  with item as materialized (
    select t.occurred_at, p_account.channel || ':' || p_account.external_id || ':message:' || v_message_id as delivery
    from (select crm_private.event_time(v_event ->> 'occurred_at') as occurred_at offset 0) t
  ), keys as (
    select count(*) as given, count(k.conversation_id) as found, count(distinct k.conversation_id) as conversations,
      min(k.conversation_id::text)::uuid as conversation_id
    from jsonb_array_elements(v_participant -> 'identities') d (identity)
    left join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and x.kind = 'participant' and x.value = (d.identity ->> 'kind') || ':' || (d.identity ->> 'value')
      offset 0
    ) k on true
  )
  select i.*, v.id, v.contact_id, v.read_watermark, v.delivered_watermark, c.needs_full_sync, f.clocks
  into v_known
  from item i
  cross join keys k
  cross join lateral (
    select o.contact_id
    from crm.conversations o
    where o.workspace_id = p_account.workspace_id and o.id = k.conversation_id
    offset 0
  ) o
  cross join lateral (
    select c.id, c.needs_full_sync, c.full_name, c.custom_attributes, c.field_sources
    from crm.contacts c
    where c.workspace_id = p_account.workspace_id and c.id = o.contact_id and c.merged_into_id is null
    for no key update
  ) c
  cross join lateral (
    select x.id, x.contact_id, x.read_watermark, x.delivered_watermark
    from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = k.conversation_id and x.contact_id = c.id
    for no key update
  ) v
  cross join lateral (
    -- Of the fields that the item brings: how many have no source, and the newer clock of each that a chat wrote.
    select count(*) filter (where s.source is null) as unknown,
      coalesce(jsonb_object_agg(n.field, jsonb_build_object(
        'source', 'chat_embedded', 'at', i.occurred_at, 'delivery', i.delivery)) filter (
          where s.source ->> 'source' = 'chat_embedded'
            and row(i.occurred_at, i.delivery collate "C")
              > row(coalesce((s.source ->> 'at')::timestamptz, '-infinity'), s.source ->> 'delivery' collate "C")),
        '{}') as clocks
    from (
      select 'full_name' as field where v_participant ? 'full_name'
      union all
      select 'custom_attributes.' || a.key from jsonb_object_keys(v_attributes) a (key)
    ) n
    cross join lateral (select c.field_sources -> n.field as source) s
  ) f
  where k.given = k.found and k.conversations = 1
    and i.occurred_at between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours'
    and (not v_participant ? 'full_name' or c.full_name = v_participant ->> 'full_name')
    and not exists (
      select from jsonb_each(v_attributes) a where c.custom_attributes -> a.key is distinct from a.value)
    and k.given = (
      select count(*)
      from jsonb_array_elements(v_participant -> 'identities') d (identity)
      cross join lateral (
        select x.contact_id
        from crm.contact_identities x
        where x.workspace_id = p_account.workspace_id and x.kind = d.identity ->> 'kind'
          and x.value = d.identity ->> 'value'
          and x.scope = crm_private.identity_scope(d.identity ->> 'kind', d.identity ->> 'scope', p_account)
        offset 0
      ) x
      where x.contact_id = c.id)
    and f.unknown = 0
    -- A contact merged into this one gets the newer clocks as well: the general path does that.
    and (f.clocks = '{}' or not exists (
      select from crm.contact_merges m where m.survivor_id = c.id and m.undone_at is null));
  if not found then
    raise exception using errcode = 'OF002', message = 'The item says more than is known.';
  end if;

  with message as (
    insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body,
      attachments, reply_to, status, sent_at, payload)
    values (p_account.workspace_id, p_account.id, v_known.id, v_message_id, v_direction,
      nullif(v_event ->> 'text', ''), coalesce(v_event -> 'attachments', '[]'), v_event ->> 'reply_to',
      case
        when v_direction = 'inbound' then null
        when v_known.occurred_at <= v_known.read_watermark then 'read'
        when v_known.occurred_at <= v_known.delivered_watermark then 'delivered'
        else 'sent'
      end,
      v_known.occurred_at, coalesce(v_event -> 'payload', '{}'))
    on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
    returning id
  ), event as (
    insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id,
      message_id, provider_message_id, event_type, event_key, occurred_at)
    select p_account.workspace_id, p_account.id, v_known.id, v_known.contact_id, m.id, v_message_id, 'message',
      'message:' || v_message_id, v_known.occurred_at
    from message m
  ), contact as (
    update crm.contacts c set field_sources = c.field_sources || v_known.clocks, last_sync_at = clock_timestamp()
    from message m
    where v_known.clocks <> '{}' and c.workspace_id = p_account.workspace_id and c.id = v_known.contact_id
  )
  update crm.conversations v set
    status = case
      when v_direction = 'inbound' and v.status = 'closed'
        and v_known.occurred_at > coalesce(v.status_changed_at, '-infinity') then 'open'
      else v.status
    end,
    unread_count = v.unread_count + (v_direction = 'inbound')::int,
    last_message_at = greatest(v.last_message_at, v_known.occurred_at),
    last_inbound_at = case
      when v_direction = 'inbound' then greatest(v.last_inbound_at, v_known.occurred_at)
      else v.last_inbound_at
    end
  from message m
  where v.workspace_id = p_account.workspace_id and v.id = v_known.id
  returning 1, v.id, v.contact_id, v.version, false,
    case when v_known.needs_full_sync then 'unchanged' else 'linked' end, 1, 0, null::jsonb, v.has_pending_effects
  into v_result.ordinal, v_result.conversation_id, v_result.contact_id, v_result.version, v_result.is_new,
    v_result.contact_outcome, v_result.events_inserted, v_result.events_duplicate, v_result.error, v_has_effects;
  if not found then
    raise exception using errcode = 'OF002', message = 'The message is not new.';
  end if;

  if v_has_effects or crm_private.has_early_events(p_account.id, v_message_id) then
    perform crm_private.apply_pending_effects(p_account.id, v_known.id, v_message_id);
  end if;
  return next v_result;
end;
$$;
comment on function crm_private.ingest_named_messages(crm.channel_accounts, jsonb) is
  'The fast path of one item of the shape named (fast_path_shape): stores the message and the fields'' newer times.

Returns its row. Raises OF002 unless every id is known and of one conversation and contact, every field is as the
contact has it, and the message is new; the caller rolls back and takes the general path.';
