create function crm_private.transform_chats(
  p_account crm.channel_accounts,
  p_rows crm.raw_records[],
  p_places int[],
  p_now timestamptz,
  p_until timestamptz
)
returns crm_private.raw_outcome[]
language plpgsql
set search_path = ''
as $$
declare
  v_zone text := crm_private.merchant_time_zone(p_account);
  v_place int;
  v_chat record;
  v_item jsonb;
  v_size int;
  v_events int := 0;
  v_places int[] := '{}'::int[];
  v_items jsonb[] := '{}'::jsonb[];
  v_closed_at timestamptz[] := '{}'::timestamptz[];
  v_outcomes crm_private.raw_outcome[] := '{}'::crm_private.raw_outcome[];
begin
  foreach v_place in array p_places loop
    -- The rest stays pending for the next call.
    exit when cardinality(v_outcomes) > 0 and clock_timestamp() > p_until;
    select c.* into v_chat from crm_private.read_b2chat_chat((p_rows[v_place]).payload, p_account, v_zone, p_now) c;
    if v_chat.problem_path is not null then
      v_outcomes := v_outcomes
        || row(v_place, 'failed', crm_private.raw_record_error(v_chat.problem_path))::crm_private.raw_outcome;
      continue;
    end if;

    for v_item in
      select i.*
      from crm_private.split_chat(
        (p_rows[v_place]).external_id, v_chat.participant, v_chat.updated_at, v_chat.events) i
    loop
      v_size := jsonb_array_length(v_item -> 'events');
      if cardinality(v_items) >= 500 or v_events + v_size > 2000 then
        v_outcomes := v_outcomes || crm_private.ingest_chats(p_account, v_places, v_items, v_closed_at, p_now);
        v_places := '{}';
        v_items := '{}';
        v_closed_at := '{}';
        v_events := 0;
      end if;
      v_places := v_places || v_place;
      v_items := v_items || v_item;
      v_closed_at := v_closed_at || v_chat.closed_at;
      v_events := v_events + v_size;
    end loop;
  end loop;

  if cardinality(v_items) > 0 then
    v_outcomes := v_outcomes || crm_private.ingest_chats(p_account, v_places, v_items, v_closed_at, p_now);
  end if;
  -- A chat that came in several parts has one outcome.
  return array(
    select distinct on (o.place) row(o.place, o.outcome, o.error)::crm_private.raw_outcome
    from unnest(v_outcomes) with ordinality as o (place, outcome, error, part)
    order by o.place, array_position(array['failed', 'created', 'updated', 'skipped'], o.outcome), o.part);
end;
$$;
comment on function crm_private.transform_chats(
  crm.channel_accounts, crm.raw_records[], int[], timestamptz, timestamptz) is
  'Turns claimed chat records of one account (p_places in p_rows) into conversations, until p_until.

It works in slices of at most 500 items and 2,000 events. A record with a wrong type, or one that the tables refuse,
fails alone.
Returns what became of each record that it came to.';
