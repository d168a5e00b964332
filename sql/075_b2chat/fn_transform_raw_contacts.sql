create function crm.transform_raw_contacts(
  p_limit int default 500,
  p_run_id uuid default null,
  p_token uuid default null,
  p_workspace_id uuid default null
)
returns table (processed int, created int, updated int, upgraded int, skipped int, failed int)
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '4 seconds';
  v_run crm.sync_runs;
  v_rows crm.raw_records[];
  v_group record;
  v_outcomes crm_private.raw_outcome[] := '{}'::crm_private.raw_outcome[];
begin
  if p_run_id is not null then
    v_run := crm_private.hold_run(p_run_id, p_token, p_workspace_id);
  elsif p_token is not null then
    perform crm_private.reject_input('p_token', 'A token belongs to a run.');
  end if;
  v_rows := crm_private.claim_raw_records('contacts', p_limit, v_run.workspace_id, v_run.channel_account_id);
  for v_group in select g.* from crm_private.claimed_by_account(v_rows) g loop
    -- What there is no time for stays pending, for the next call.
    exit when cardinality(v_outcomes) > 0 and clock_timestamp() > v_until;
    v_outcomes := v_outcomes || crm_private.transform_contacts(v_group.account, v_rows, v_group.places);
  end loop;
  perform crm_private.settle_raw_records(v_rows, v_outcomes);
  if p_run_id is not null then
    perform crm_private.count_transformed(v_run, v_outcomes);
  end if;
  return query select c.* from crm_private.count_outcomes(v_outcomes) c;
end;
$$;
comment on function crm.transform_raw_contacts(int, uuid, uuid, uuid) is
  'Turns up to p_limit (1 to 500) pending contact records, oldest first, into contacts: created, updated, upgraded (a stub became full), skipped (nothing new), failed (the record keeps the error with the JSON path). processed is the sum; call again until it is 0. With p_run_id only those of the run''s account, counted on the run, under its token; the lease ends 5 minutes from now. PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
