create function crm.finish_sync(
  p_run_id uuid,
  p_token uuid,
  p_status text,
  p_error text default null,
  p_workspace_id uuid default null,
  p_keep_cursor boolean default false
)
returns table (
  mode text,
  pages int,
  items int,
  created int,
  updated int,
  unchanged int,
  failed int,
  rejected int,
  total_estimate int
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_run crm.sync_runs;
  v_now timestamptz;
  v_stalled int := 0;
begin
  if p_status is null or p_status not in ('completed', 'paused', 'failed') then
    perform crm_private.reject_input('p_status', 'A run ends completed, paused or failed.');
  end if;
  if p_status = 'failed' and p_error is null or p_status <> 'completed' and p_error !~ '^[a-z]' then
    perform crm_private.reject_input('p_error', 'A failed run has an error that begins with a code of small letters.');
  end if;

  v_run := crm_private.require_run(p_run_id, p_token, p_workspace_id);
  v_now := clock_timestamp();
  if p_status = 'paused' and p_error is not null
    and (v_run.progressed_at >= coalesce(v_run.resumed_at, v_run.started_at)) is not true then
    v_stalled := v_run.stalled_attempts + 1;
  end if;
  -- A run that failed with `cursor` drops its cursor: the source refuses it.
  if p_status = 'completed' or p_status = 'failed' and p_error ~ '^cursor\M' then
    update crm.sync_state s set
      cursor = case when p_status = 'completed' and p_keep_cursor then s.cursor else '{}' end,
      high_watermark = case p_status
        when 'completed' then greatest(
          s.high_watermark,
          -- A watermark ahead of the clock would hide what is still to come.
          (select least(w.at, v_now)
            from crm_private.event_time(s.cursor ->> 'high_watermark') w (at)
            where w.at is not null),
          case when p_keep_cursor then v_run.started_at end)
        else s.high_watermark
      end,
      updated_at = v_now
    where s.workspace_id = v_run.workspace_id and s.resource = v_run.resource;
  end if;
  return query
  update crm.sync_runs r set
    status = p_status,
    active_for = r.active_for + greatest(v_now - coalesce(r.resumed_at, r.started_at), '0'),
    paused_at = case p_status when 'paused' then v_now else r.paused_at end,
    stalled_attempts = v_stalled,
    -- After stalled attempts the job waits one minute, two, four and so on, up to an hour.
    resume_at = case p_status when 'paused' then greatest(
      (select b.blocked_until
        from crm.channel_accounts a
        join crm.rate_limit_buckets b on b.bucket = crm_private.account_bucket(a.channel, a.external_id)
        where a.id = r.channel_account_id and b.blocked_until > v_now),
      case when v_stalled > 0 then v_now + least(power(2, least(v_stalled, 7) - 1), 60) * interval '1 minute' end
    ) end,
    finished_at = case when p_status <> 'paused' then v_now end,
    error = case when p_status <> 'completed' then left(p_error, 2000) end
  where r.workspace_id = v_run.workspace_id and r.id = v_run.id
  returning r.mode, r.pages, r.items, r.created, r.updated, r.unchanged, r.failed, r.rejected, r.total_estimate;
  perform crm.release_sync_lock(v_run.resource, p_token);
end;
$$;
comment on function crm.finish_sync(uuid, uuid, text, text, uuid, boolean) is
  'Ends a run or lets it pause, and gives its lock back.

completed: the cursor''s high_watermark becomes the resource''s if it is later, and the cursor is dropped. With
p_keep_cursor the next incremental run resumes from the cursor, and the start of this run is a high watermark too.
paused: the run resumes from its cursor. The scheduled job waits until resume_at: the end of the block of the account''s
rate limit and, after attempts that failed without progress, one minute, two, four and so on up to an hour.
failed: a new run of the same mode resumes from the cursor, except after the error cursor.
p_error begins with a stable code. A completed run keeps none.
Returns one row: what the whole run has counted.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
