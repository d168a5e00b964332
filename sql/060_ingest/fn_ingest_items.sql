create function crm_private.ingest_items(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_now timestamptz,
  p_history_before timestamptz default null
)
returns setof crm_private.ingest_result
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_events crm_private.inbound_event[];
  v_items crm_private.inbound_item[];
  v_identities crm_private.item_identity[];
  v_keys crm_private.item_key[];
  v_will_link boolean;
  v_contact_ids uuid[];
  v_outcomes text[];
  v_conversation_ids uuid[];
  v_are_new boolean[];
  v_usable crm_private.inbound_event[];
  v_stored crm_private.inbound_event[];
begin
  -- Parse; set aside malformed items and events.
  v_events := crm_private.parse_events(p_items, p_now, p_history_before);
  v_items := crm_private.parse_items(p_account, p_items, v_events);
  v_identities := crm_private.item_identities(p_account, v_items);
  v_keys := crm_private.item_keys(p_account, v_items, v_identities);
  v_items := crm_private.reject_unnamed_items(v_items, v_keys);
  v_identities := array(
    select d from unnest(v_identities) d where (v_items[d.ordinal]).problem is null
    order by d.kind, d.scope, d.value, d.ordinal);

  v_will_link := crm_private.needs_linking(p_account, v_keys);
  -- Identities, contacts, conversations, keys, messages: always locked in this order.
  select c.contact_ids, c.outcomes into v_contact_ids, v_outcomes
  from crm_private.resolve_contacts(
    p_account.workspace_id, 'chat_embedded', v_items, v_identities, v_will_link, p_now) c;
  select c.conversation_ids, c.are_new into v_conversation_ids, v_are_new
  from crm_private.resolve_conversations(p_account, v_items, v_keys, v_will_link, v_contact_ids) c;

  v_usable := v_events;
  if array_position(v_conversation_ids, null) is not null
    or exists (select from unnest(v_events) e where e.problem is not null) then
    v_usable := array(
      select e from unnest(v_events) e where e.problem is null and v_conversation_ids[e.ordinal] is not null);
  end if;
  v_stored := crm_private.store_events(p_account, v_items, v_usable, v_contact_ids, v_conversation_ids, v_are_new);

  perform crm_private.keep_rejected(p_account, p_items, v_items, v_events, p_history_before);

  return query
  select i.ordinal, v.id, v.contact_id, v.version, v_are_new[i.ordinal], v_outcomes[i.ordinal],
    coalesce(s.inserted, 0), coalesce(e.valid, 0) - coalesce(s.inserted, 0),
    case
      when i.problem is not null then jsonb_build_object('code', i.problem, 'path', i.problem_path)
      when e.problems is not null then jsonb_build_object('code', 'invalid_event', 'events', e.problems)
    end
  from unnest(v_items) i
  left join (
    select e.ordinal, count(*) filter (where e.problem is null)::int as valid,
      jsonb_agg(jsonb_build_object('code', e.problem, 'path', e.problem_path) order by e.index)
        filter (where e.problem is not null) as problems
    from unnest(v_events) e
    group by e.ordinal
  ) e on e.ordinal = i.ordinal and i.problem is null
  left join (
    select s.ordinal, count(*)::int as inserted from unnest(v_stored) s group by s.ordinal
  ) s on s.ordinal = i.ordinal
  left join lateral (
    select x.id, x.contact_id, x.version
    from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = v_conversation_ids[i.ordinal]
    offset 0
  ) v on true
  order by i.ordinal;
end;
$$;
comment on function crm_private.ingest_items(crm.channel_accounts, jsonb, timestamptz, timestamptz) is
  'Ingests items into one channel account in one go.

Returns one row per item, in order. A malformed item or event becomes a dead letter. A data error that only the tables
find aborts the call: the caller isolates the item. Times are in the future as of p_now; messages from before
p_history_before are history.';
