create function crm_private.find_run(p_account crm.channel_accounts, p_resource text, p_run_id uuid)
returns crm.sync_runs
language plpgsql
stable
set search_path = ''
as $$
declare
  v_run crm.sync_runs;
begin
  select r.* into v_run
  from crm.sync_runs r
  where r.workspace_id = p_account.workspace_id and r.id = p_run_id and r.channel_account_id = p_account.id
    and r.resource = p_resource;
  if not found then
    perform crm_private.raise_not_found(
      'sync_run', 'There is no such run of this account and resource.', 'Start one without naming a run.');
  end if;
  return v_run;
end;
$$;
comment on function crm_private.find_run(crm.channel_accounts, text, uuid) is
  'The run of this account and resource.

Errors: PT404 not_found.';
