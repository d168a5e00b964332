create function crm_private.replay_due_letters(p_limit int, p_now timestamptz)
returns table (replayed int, failed int)
language plpgsql
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  v_tried boolean;
  v_account crm.channel_accounts;
  v_claimed crm.dead_letters[];
  v_letters crm.dead_letters[] := '{}'::crm.dead_letters[];
  v_errors jsonb[] := '{}'::jsonb[];
  v_events int := 0;
begin
  foreach v_tried in array array[false, true] loop
    for v_account in
      select a.*
      from crm.channel_accounts a
      cross join lateral (
        select d.tried_at, d.created_at
        from crm.dead_letters d
        where d.channel = a.channel and d.account_external_id = a.external_id and d.status = 'open'
          and (d.is_item or d.tried_at is null)
          and (v_tried and d.tried_at > '-infinity' or not v_tried and d.tried_at is null)
        order by d.tried_at nulls first, d.created_at
        limit 1
      ) w
      where a.is_active
      order by w.tried_at, w.created_at, a.id
    loop
      exit when cardinality(v_letters) >= p_limit or v_events >= 2000;
      v_claimed := crm_private.claim_dead_letters(v_account, v_tried, p_limit - cardinality(v_letters));
      v_letters := v_letters || v_claimed;
      v_errors := v_errors || crm_private.replay_account_letters(v_account, v_claimed, p_now);
      v_events := v_events + (
        select coalesce(sum(crm_private.event_count((v_claimed[n]).item)), 0) from generate_subscripts(v_claimed, 1) n);
    end loop;
  end loop;
  -- Last: from here to the commit, a delivery that keeps the same item waits for the letter's row.
  perform crm_private.record_replay_outcomes(v_letters, v_errors);

  replayed := cardinality(array_positions(v_errors, null));
  failed := cardinality(v_errors) - replayed;
  return next;
end;
$$;
comment on function crm_private.replay_due_letters(int, timestamptz) is
  'Replays up to p_limit open dead letters of active accounts.

Those never tried come first, then the account whose letter was tried longest ago. Times in the future are measured
against p_now.';
