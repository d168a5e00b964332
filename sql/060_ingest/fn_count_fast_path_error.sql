create function crm_private.count_fast_path_error(
  p_account crm.channel_accounts,
  p_sqlstate text,
  p_constraint_name text
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.fast_path_errors as e (workspace_id, channel_account_id, sqlstate, constraint_name)
  values (p_account.workspace_id, p_account.id, p_sqlstate, p_constraint_name)
  on conflict (workspace_id, channel_account_id, sqlstate, constraint_name) do update set
    errors = e.errors + 1, last_at = greatest(e.last_at, excluded.last_at);
end;
$$;
comment on function crm_private.count_fast_path_error(crm.channel_accounts, text, text) is
  'Counts an error of the fast path in fast_path_errors.

Call it last: concurrent calls of the account wait for its row until the end of the transaction.';
