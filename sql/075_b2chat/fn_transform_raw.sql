create function crm_private.transform_raw(
  p_entity text,
  p_limit int,
  p_run_id uuid,
  p_token uuid,
  p_workspace_id uuid
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
    v_run := crm_private.require_run_renewing_lease(p_run_id, p_token, p_workspace_id);
  elsif p_token is not null then
    perform crm_private.reject_input('p_token', 'A token belongs to a run.');
  end if;
  v_rows := crm_private.claim_raw_records(p_entity, p_limit, v_run.workspace_id, v_run.channel_account_id);
  for v_group in select g.* from crm_private.group_by_account(v_rows) g loop
    -- The rest stays pending for the next call.
    exit when cardinality(v_outcomes) > 0 and clock_timestamp() > v_until;
    v_outcomes := v_outcomes || case p_entity
      when 'contacts' then crm_private.transform_contacts(v_group.account, v_rows, v_group.places)
      else crm_private.transform_chats(v_group.account, v_rows, v_group.places, clock_timestamp(), v_until)
    end;
  end loop;
  perform crm_private.mark_raw_records_processed(v_rows, v_outcomes);
  if p_run_id is not null then
    perform crm_private.add_transformed(v_run, v_outcomes);
  end if;
  return query select c.* from crm_private.raw_counts(v_outcomes) c;
end;
$$;
comment on function crm_private.transform_raw(text, int, uuid, uuid, uuid) is
  'Transforms up to p_limit (1 to 500) pending raw records of an entity, oldest first, for at most about 4 seconds.

p_run_id: only those of the run''s account. The run counts them, and its lease ends 5 minutes from now.
Returns how many were processed, and what became of them.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
