create function crm_private.require_run(p_run_id uuid, p_token uuid, p_workspace_id uuid)
returns crm.sync_runs
language plpgsql
set search_path = ''
as $$
declare
  v_run crm.sync_runs;
  v_resource text;
begin
  select r.* into v_run
  from crm.sync_runs r
  where r.id = p_run_id and (p_workspace_id is null or r.workspace_id = p_workspace_id);
  if not found then
    perform crm_private.raise_not_found('sync_run', 'There is no such sync run.', 'Start one with start_sync.');
  end if;
  v_resource := v_run.resource;
  perform crm_private.require_sync_lock(v_resource, p_token);

  -- Read again under the lock, which every writer of a run holds. The fencing token tells this run's lock from one that
  -- a caller took on the same resource for other work.
  select r.* into v_run
  from crm.sync_runs r
  join crm.sync_locks l on l.resource = r.resource and l.fencing_token = r.fencing_token
  where r.workspace_id = v_run.workspace_id and r.id = p_run_id and r.status = 'running';
  if not found then
    perform crm_private.require_sync_lock(v_resource, null);
  end if;
  return v_run;
end;
$$;
comment on function crm_private.require_run(uuid, uuid, uuid) is
  'The running run that this token was given for.

No other caller can take its lock before the transaction ends.
Errors: PT404 not_found, PT409 lock_lost.';
