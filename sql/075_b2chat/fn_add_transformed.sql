create function crm_private.add_transformed(p_run crm.sync_runs, p_outcomes crm_private.raw_outcome[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.sync_runs r set
    items = r.items + c.processed,
    created = r.created + c.created,
    updated = r.updated + c.updated + c.upgraded,
    unchanged = r.unchanged + c.skipped,
    failed = r.failed + c.failed,
    progressed_at = clock_timestamp()
  from crm_private.raw_counts(p_outcomes) c
  where r.workspace_id = p_run.workspace_id and r.id = p_run.id and c.processed > 0;
end;
$$;
comment on function crm_private.add_transformed(crm.sync_runs, crm_private.raw_outcome[]) is
  'Counts transformed records on their run.

created, updated (upgraded ones too), unchanged (skipped ones) and failed.';
