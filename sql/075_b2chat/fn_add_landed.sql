create function crm_private.add_landed(p_run crm.sync_runs, p_unchanged int, p_rejected jsonb, p_moved boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  update crm.sync_runs r set
    pages = r.pages + 1,
    items = r.items + p_unchanged,
    unchanged = r.unchanged + p_unchanged,
    rejected = r.rejected + jsonb_array_length(p_rejected),
    rejected_by = crm_private.add_rejected(r.rejected_by, p_rejected),
    last_page_at = v_now,
    progressed_at = case when p_moved then v_now else r.progressed_at end
  where r.workspace_id = p_run.workspace_id and r.id = p_run.id;
end;
$$;
comment on function crm_private.add_landed(crm.sync_runs, int, jsonb, boolean) is
  'Counts a page of raw records on its run: those that were already there, and what was set aside.

The run counts new records when they are transformed. p_moved: whether the page was progress.';
