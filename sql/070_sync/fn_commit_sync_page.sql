create function crm.commit_sync_page(
  p_run_id uuid,
  p_token uuid,
  p_items jsonb,
  p_cursor jsonb,
  p_total_estimate int default null,
  p_rejected jsonb default '[]',
  p_workspace_id uuid default null
)
returns table (
  items int,
  created int,
  updated int,
  unchanged int,
  failed int,
  expires_at timestamptz,
  rejected int,
  run_pages int,
  run_items int,
  run_created int,
  run_updated int,
  run_unchanged int,
  run_failed int,
  run_rejected int,
  total_estimate int
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_run crm.sync_runs;
  v_account crm.channel_accounts;
  v_results crm_private.ingest_result[];
  v_counts record;
  v_since cid;
  v_now timestamptz;
  v_moved boolean;
begin
  perform crm_private.check_batch(p_items);
  if jsonb_typeof(p_rejected) is distinct from 'array' or jsonb_array_length(p_rejected) > 1000 then
    perform crm_private.reject_input('p_rejected', 'What was rejected is a JSON array of at most 1,000.');
  end if;
  if jsonb_typeof(p_cursor) <> 'object' then
    perform crm_private.reject_input('p_cursor', 'A cursor is a JSON object.');
  end if;
  if p_cursor ->> 'high_watermark' is not null
    and crm_private.event_time(p_cursor ->> 'high_watermark') is null then
    perform crm_private.reject_input('p_cursor.high_watermark', 'A high watermark is a time with its zone.');
  end if;
  if p_total_estimate < 0 then
    perform crm_private.reject_input('p_total_estimate', 'There cannot be fewer than none.');
  end if;

  -- Lock first the run's lock, then everything else: no writer under a lock then waits for another one.
  v_run := crm_private.require_run_renewing_lease(p_run_id, p_token, p_workspace_id);
  select a.* into strict v_account from crm.channel_accounts a where a.id = v_run.channel_account_id;
  select l.expires_at, l.cmin into strict expires_at, v_since
  from crm.sync_locks l
  where l.resource = v_run.resource;

  perform crm_private.keep_dead_letter(v_account, v_account.channel, v_account.external_id,
    coalesce(r.value ->> 'reason', 'rejected'), r.value ->> 'path', null, coalesce(r.value -> 'item', r.value))
  from jsonb_array_elements(p_rejected) r;
  v_results := array(
    select r
    from crm_private.ingest_items_isolated(v_account, p_items, clock_timestamp(), v_run.history_before) r
    order by r.ordinal);
  select c.* into strict v_counts from crm_private.page_counts(v_account, p_items, v_results, v_since) c;

  v_now := clock_timestamp();
  if p_cursor is not null then
    insert into crm.sync_state as s (workspace_id, resource, cursor)
    values (v_run.workspace_id, v_run.resource, p_cursor)
    on conflict (workspace_id, resource) do update set cursor = excluded.cursor, updated_at = v_now
    where s.cursor <> excluded.cursor;
    v_moved := found;
  end if;
  -- Items that were already there are no progress: the same part of a page may come again and again.
  v_moved := v_moved or v_counts.created + v_counts.updated > 0;
  return query
  update crm.sync_runs r set
    pages = r.pages + 1,
    items = r.items + jsonb_array_length(p_items),
    created = r.created + v_counts.created,
    updated = r.updated + v_counts.updated,
    unchanged = r.unchanged + v_counts.unchanged,
    failed = r.failed + v_counts.failed,
    rejected = r.rejected + jsonb_array_length(p_rejected),
    rejected_by = crm_private.add_rejected(r.rejected_by, p_rejected),
    total_estimate = coalesce(p_total_estimate, r.total_estimate),
    last_page_at = v_now,
    progressed_at = case when v_moved then v_now else r.progressed_at end
  where r.workspace_id = v_run.workspace_id and r.id = v_run.id
  returning jsonb_array_length(p_items), v_counts.created, v_counts.updated, v_counts.unchanged, v_counts.failed,
    expires_at, jsonb_array_length(p_rejected), r.pages, r.items, r.created, r.updated, r.unchanged,
    r.failed, r.rejected, r.total_estimate;
end;
$$;
comment on function crm.commit_sync_page(uuid, uuid, jsonb, jsonb, int, jsonb, uuid) is
  'Ingests a page of up to 500 InboundItems with up to 2,000 events for a run, all of it or nothing.

It keeps p_rejected ([{reason, path, item, what?}]) as dead letters and p_cursor as the place to resume from, and lets
the lease end 5 minutes from now. A null p_cursor leaves the stored one: more of the same page follows.
cursor.high_watermark, a time by the source''s clock, becomes the resource''s when the run completes.
Messages from before the run''s history_before are history.
Returns how many items were created (a new conversation), updated (something was written), unchanged or failed (nothing
was stored: a dead letter), the end of the lease and the rejected. The run_ columns and total_estimate are the whole
run''s.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
