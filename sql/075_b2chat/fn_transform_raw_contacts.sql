create function crm.transform_raw_contacts(
  p_limit int default 500,
  p_run_id uuid default null,
  p_token uuid default null,
  p_workspace_id uuid default null
)
returns table (processed int, created int, updated int, upgraded int, skipped int, failed int)
language plpgsql
set search_path = ''
as $$
begin
  return query
  select t.* from crm_private.transform_raw('contacts', p_limit, p_run_id, p_token, p_workspace_id) t;
end;
$$;
comment on function crm.transform_raw_contacts(int, uuid, uuid, uuid) is
  'Turns up to p_limit (1 to 500) pending contact records into contacts, oldest first.

p_run_id: only those of the run''s account, under its token. The run counts them, and its lease ends 5 minutes from now.
Returns how many were created, updated, upgraded (a stub became full), skipped (nothing new) and failed (the record
keeps the error with the JSON path). processed is the sum: call again until it is 0.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';
