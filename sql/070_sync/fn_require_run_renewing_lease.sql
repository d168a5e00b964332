create function crm_private.require_run_renewing_lease(p_run_id uuid, p_token uuid, p_workspace_id uuid)
returns crm.sync_runs
language plpgsql
set search_path = ''
as $$
declare
  v_run crm.sync_runs;
begin
  v_run := crm_private.require_run(p_run_id, p_token, p_workspace_id);
  update crm.sync_locks l set expires_at = clock_timestamp() + interval '5 minutes'
  where l.resource = v_run.resource;
  return v_run;
end;
$$;
comment on function crm_private.require_run_renewing_lease(uuid, uuid, uuid) is
  'The running run that this token was given for. Its lease now ends 5 minutes from now.

No other caller can take its lock before the transaction ends.
Errors: PT404 not_found, PT409 lock_lost.';
