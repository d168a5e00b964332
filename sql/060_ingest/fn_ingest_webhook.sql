create function crm.ingest_webhook(
  p_channel text,
  p_account_external_id text,
  p_items jsonb,
  p_rejected jsonb default '[]'
)
returns table (received int, duplicates int, failed int, items jsonb)
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
  v_count int;
  v_rejected_count int;
begin
  select a.* into v_account
  from crm.channel_accounts a
  where a.channel = p_channel and a.external_id = p_account_external_id and a.is_active;

  -- What arrives most: one item, one event, nothing rejected.
  if v_account.id is not null and p_rejected = '[]' and jsonb_typeof(p_items) is not distinct from 'array'
    and jsonb_typeof(p_items #> '{0,events}') is not distinct from 'array'
    and jsonb_array_length(p_items) = 1 and jsonb_array_length(p_items #> '{0,events}') = 1 then
    select 1, coalesce(r.events_duplicate, 0), (r.error is not null)::int
    into received, duplicates, failed
    from crm.bulk_upsert_conversations_with_events(v_account.id, p_items) r;
    items := jsonb_build_array(jsonb_build_array(received, duplicates, failed));
    return next;
    return;
  end if;

  if p_channel is null or p_channel <> all (crm_private.channels()) then
    perform crm_private.reject_input('p_channel',
      format('The channel is %s.', crm_private.one_of(crm_private.channels())));
  end if;
  perform crm_private.check_batch(p_items);
  if jsonb_typeof(p_rejected) is distinct from 'array' then
    perform crm_private.reject_input('p_rejected', 'The rejected items are a JSON array.');
  end if;
  v_rejected_count := jsonb_array_length(p_rejected);
  if v_account.id is null then
    select a.* into v_account
    from crm.channel_accounts a
    where a.channel = p_channel and a.external_id = p_account_external_id;
  end if;

  perform crm_private.keep_dead_letter(v_account, p_channel, coalesce(p_account_external_id, ''),
    coalesce(r.value ->> 'reason', 'rejected'), r.value ->> 'path', null, coalesce(r.value -> 'item', r.value))
  from jsonb_array_elements(p_rejected) r;

  -- An item counts as its events, and as one delivery when it has none.
  select coalesce(sum(crm_private.event_count(i.item)), 0) into v_count from jsonb_array_elements(p_items) i (item);
  received := v_count + v_rejected_count;

  if v_account.id is null or not v_account.is_active then
    perform crm_private.keep_dead_letter(v_account, p_channel, coalesce(p_account_external_id, ''),
      case when v_account.id is null then 'unknown_account' else 'inactive_account' end, '$', null, i.item)
    from jsonb_array_elements(p_items) i (item);
    duplicates := 0;
    failed := received;
    items := (
      select coalesce(jsonb_agg(jsonb_build_array(n.count, 0, n.count) order by i.place), '[]')
      from jsonb_array_elements(p_items) with ordinality i (item, place), crm_private.event_count(i.item) n (count)
    );
    return next;
    return;
  end if;

  select coalesce(sum(r.duplicates), 0)::int, coalesce(sum(r.failed), 0)::int + v_rejected_count,
    coalesce(jsonb_agg(jsonb_build_array(r.received, r.duplicates, r.failed) order by r.ordinal), '[]')
  into duplicates, failed, items
  from (
    select r.ordinal, n.count as received, r.events_duplicate as duplicates,
      case
        when r.error is null then 0
        when r.error ? 'events' then jsonb_array_length(r.error -> 'events')
        else n.count
      end as failed
    from crm.bulk_upsert_conversations_with_events(v_account.id, p_items) r,
      crm_private.event_count(p_items -> (r.ordinal - 1)) n (count)
  ) r;
  return next;
end;
$$;
comment on function crm.ingest_webhook(text, text, jsonb, jsonb) is
  'Ingests what a webhook brought for one provider account, and keeps what the translation rejected as dead letters.

p_rejected: [{reason, path, item}]. An account that is not connected or not active dead-letters everything.
Returns counts of events, where an item without events counts as one: received, of those duplicates (known before) and
failed (in dead_letters). items holds the same figures per item, [[received, duplicates, failed], …], in their order.

PT400 invalid_input.';
