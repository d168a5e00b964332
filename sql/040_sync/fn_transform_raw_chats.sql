create function crm.transform_raw_chats(p_limit int default 500)
returns table (processed int, created int, updated int, upgraded int, skipped int, failed int)
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '4 seconds';
  v_rows crm.raw_records[] := crm_private.claim_raw_records('chats', p_limit);
  v_group record;
  v_outcomes crm_private.raw_outcome[] := '{}'::crm_private.raw_outcome[];
begin
  for v_group in select g.* from crm_private.claimed_by_account(v_rows) g loop
    exit when cardinality(v_outcomes) > 0 and clock_timestamp() > v_until;
    v_outcomes := v_outcomes || crm_private.transform_chats(v_group.account, v_rows, v_group.places, clock_timestamp(), v_until);
  end loop;
  perform crm_private.settle_raw_records(v_rows, v_outcomes);
  return query select c.* from crm_private.count_outcomes(v_outcomes) c;
end;
$$;
comment on function crm.transform_raw_chats(int) is
  'Turns up to p_limit (1 to 500) pending chat records, oldest first, into conversations: created, updated (something new was said, or the conversation was closed), skipped (nothing new), failed (the record keeps the error with the JSON path; of a chat with a message of an impossible time, the other messages are stored). upgraded is always 0. processed is the sum; call again until it is 0. PT400 invalid_input.';
