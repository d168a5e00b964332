create function crm.ingest_webhook(p_channel text, p_account_external_id text, p_items jsonb, p_rejected jsonb default '[]')
returns table (received int, duplicates int, failed int)
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
  v_rejected jsonb;
  v_weights int[];
begin
  if p_channel is null or p_channel not in ('messenger', 'whatsapp', 'b2chat') then
    perform crm_private.reject_input('p_channel', 'The channel is messenger, whatsapp or b2chat.');
  end if;
  perform crm_private.check_batch(p_items);
  if jsonb_typeof(p_rejected) is distinct from 'array' then
    perform crm_private.reject_input('p_rejected', 'The rejected items are a JSON array.');
  end if;

  select a.* into v_account
  from crm.channel_accounts a
  where a.channel = p_channel and a.external_id = p_account_external_id;

  for v_rejected in select r.value from jsonb_array_elements(p_rejected) r loop
    perform crm_private.keep_dead_letter(v_account, p_channel, coalesce(p_account_external_id, ''),
      coalesce(v_rejected ->> 'reason', 'rejected'), v_rejected ->> 'path', null, coalesce(v_rejected -> 'item', v_rejected));
  end loop;

  -- An item counts as its events, and as one delivery when it has none.
  v_weights := array(
    select greatest(case when jsonb_typeof(i.item -> 'events') = 'array' then jsonb_array_length(i.item -> 'events') end, 1)
    from jsonb_array_elements(p_items) with ordinality i (item, place)
    order by i.place);
  received := coalesce((select sum(w) from unnest(v_weights) w), 0) + jsonb_array_length(p_rejected);

  if v_account.id is null or not v_account.is_active then
    perform crm_private.keep_dead_letter(v_account, p_channel, coalesce(p_account_external_id, ''),
      case when v_account.id is null then 'unknown_account' else 'inactive_account' end, '$', null, i.item)
    from jsonb_array_elements(p_items) i (item);
    duplicates := 0;
    failed := received;
    return next;
    return;
  end if;

  select coalesce(sum(r.events_duplicate), 0)::int,
    coalesce(sum(case when r.error is null then 0 when r.error ? 'events' then jsonb_array_length(r.error -> 'events') else v_weights[r.ordinal] end), 0)::int
      + jsonb_array_length(p_rejected)
  into duplicates, failed
  from crm.bulk_upsert_conversations_with_events(v_account.id, p_items) r;
  return next;
end;
$$;
comment on function crm.ingest_webhook(text, text, jsonb, jsonb) is
  'Ingests what a webhook brought for one provider account, and keeps what the translation rejected ([{reason, path, item}]) as dead letters; an account that is not connected or not active dead-letters everything. Counts events (an item without events counts as one): received, of those duplicates (known before) and failed (in dead_letters). PT400 invalid_input.';
