create function crm_private.begin_run(
  p_account crm.channel_accounts,
  p_resource text,
  p_mode text,
  p_holder text,
  p_fencing_token bigint
)
returns table (run crm.sync_runs, cursor jsonb, resumed boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  -- Every incremental run reads this again: a source may show a change a little late.
  c_overlap constant interval := interval '5 minutes';
  -- A message that old, seen for the first time, no longer waits for a reply.
  c_recent constant interval := interval '24 hours';
  v_now timestamptz := clock_timestamp();
  v_state crm.sync_state;
  v_run crm.sync_runs;
  v_last crm.sync_runs;
  v_mode text;
begin
  insert into crm.sync_state (workspace_id, resource) values (p_account.workspace_id, p_resource)
  on conflict (workspace_id, resource) do nothing;
  select s.* into v_state
  from crm.sync_state s
  where s.workspace_id = p_account.workspace_id and s.resource = p_resource;

  update crm.sync_runs r set
    status = 'running',
    holder = p_holder,
    fencing_token = p_fencing_token,
    -- A process that died is credited up to its last committed page.
    active_for = r.active_for + case r.status
      when 'running' then greatest(r.last_page_at - coalesce(r.resumed_at, r.started_at), '0')
      else '0'
    end,
    resumed_at = v_now,
    resume_at = null,
    error = null
  where r.workspace_id = p_account.workspace_id and r.resource = p_resource and r.status in ('running', 'paused')
  returning r.* into v_run;
  if found then
    return query select v_run, v_state.cursor, true;
    return;
  end if;

  v_mode := case
    when p_mode = 'incremental' and v_state.high_watermark is not null then 'incremental'
    else 'full'
  end;
  select r.* into v_last
  from crm.sync_runs r
  where r.workspace_id = p_account.workspace_id and r.resource = p_resource
  order by r.started_at desc
  limit 1;
  -- A failed run leaves its cursor to the next run of its mode.
  -- A completed run leaves a cursor only where its caller kept it. A full run ignores that and reads everything again.
  resumed := v_state.cursor <> '{}' and (v_last.id is null
    or v_last.status = 'failed' and v_last.mode = v_mode
    or v_last.status = 'completed' and v_mode = 'incremental');
  if not resumed and v_state.cursor <> '{}' then
    update crm.sync_state s set cursor = '{}', updated_at = v_now
    where s.workspace_id = p_account.workspace_id and s.resource = p_resource
    returning s.* into v_state;
  end if;

  insert into crm.sync_runs as r (
    workspace_id, channel_account_id, resource, mode, holder, fencing_token, since, history_before, started_at)
  values (p_account.workspace_id, p_account.id, p_resource, v_mode, p_holder, p_fencing_token,
    case
      when v_mode = 'full' then null
      when resumed and v_last.status = 'failed' and v_last.since is not null then v_last.since
      else v_state.high_watermark - c_overlap
    end,
    -- Earlier runs have read everything up to the watermark and its second or, without one, up to the start of the last
    -- completed run. A resumed failed run keeps its judgement, because it has already stored messages by it.
    case
      when resumed and v_last.status = 'failed' then v_last.history_before
      when v_state.high_watermark is not null then
        least(v_now - c_recent, v_state.high_watermark + interval '1 second')
      when v_last.status = 'completed' then least(v_now - c_recent, v_last.started_at)
      else least(v_now - c_recent, v_last.history_before)
    end,
    v_now)
  returning r.* into v_run;
  return query select v_run, v_state.cursor, resumed;
end;
$$;
comment on function crm_private.begin_run(crm.channel_accounts, text, text, text, bigint) is
  'Resumes the unfinished run of a resource, or begins one.

The caller holds the lock of the resource with this fencing token.
Returns the run, its cursor, and whether that is not the beginning.';
