create function crm_private.reconcile_workspace(
  p_workspace_id uuid,
  p_limit int,
  out examined int,
  out linked int,
  out merged int,
  out is_done boolean
)
language plpgsql
set search_path = ''
as $$
declare
  v_first constant uuid := '00000000-0000-0000-0000-000000000000'::uuid;
  -- Longer than any delivery takes: the next pass looks again at events that were not yet committed in this one.
  v_overlap constant interval := '1 hour'::interval;
  v_steps constant text[] := array['orphans', 'candidates', 'events'];
  v_state record;
  v_step text;
  v_after uuid;
  v_after_at timestamptz;
  v_watermark timestamptz;
  v_cursor jsonb := '{}'::jsonb;
  v_did record;
begin
  -- One call at a time in a workspace: each reads the cursor that the last one left.
  perform pg_advisory_xact_lock(hashtextextended('reconcile:' || p_workspace_id, 0));
  select s.* into v_state from crm.sync_state s where s.workspace_id = p_workspace_id and s.resource = 'reconcile';
  v_step := coalesce(v_state.cursor ->> 'step', v_steps[1]);
  v_after := coalesce((v_state.cursor ->> 'after')::uuid, v_first);
  v_watermark := v_state.high_watermark;
  v_after_at := coalesce((v_state.cursor ->> 'after_at')::timestamptz, v_watermark - v_overlap, '-infinity');
  examined := 0;
  linked := 0;
  merged := 0;

  loop
    if v_step = 'orphans' then
      select d.examined, d.last_id, d.linked into v_did
      from crm_private.link_orphans(p_workspace_id, v_after, p_limit - examined) d;
      linked := linked + v_did.linked;
    elsif v_step = 'candidates' then
      select d.examined, d.last_id, d.merged into v_did
      from crm_private.recheck_merge_candidates(p_workspace_id, v_after, p_limit - examined) d;
      merged := merged + v_did.merged;
    else
      select d.examined, d.last_id, d.last_at into v_did
      from crm_private.attach_stranded_events(p_workspace_id, v_after_at, v_after, p_limit - examined) d;
      v_after_at := coalesce(v_did.last_at, v_after_at);
      v_watermark := greatest(v_watermark, v_did.last_at);
    end if;
    examined := examined + v_did.examined;
    v_after := coalesce(v_did.last_id, v_after);

    if examined = p_limit then
      is_done := false;
      v_cursor := jsonb_build_object('step', v_step, 'after', v_after)
        || case when v_step = 'events' then jsonb_build_object('after_at', v_after_at) else '{}' end;
      exit;
    end if;
    v_step := v_steps[array_position(v_steps, v_step) + 1];
    is_done := v_step is null;
    exit when is_done;
    v_after := v_first;
  end loop;

  if row(v_cursor, v_watermark) is distinct from row(coalesce(v_state.cursor, '{}'), v_state.high_watermark) then
    insert into crm.sync_state (workspace_id, resource, cursor, high_watermark)
    values (p_workspace_id, 'reconcile', v_cursor, v_watermark)
    on conflict (workspace_id, resource) do update
    set cursor = excluded.cursor, high_watermark = excluded.high_watermark,
      updated_at = clock_timestamp();
  end if;
end;
$$;
comment on function crm_private.reconcile_workspace(uuid, int) is
  'Resumes the workspace''s pass of reconciliation over at most p_limit rows, and keeps where it stopped.

A pass looks at orphans, then merge candidates, then events that wait. sync_state keeps its place under the resource
''reconcile''. is_done: the pass is complete, and the next call begins a new one. The watermark says up to when waiting
events were looked at: a message that arrives later finds them itself.';
