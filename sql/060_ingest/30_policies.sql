alter table crm.fast_path_errors enable row level security;
create policy members_read on crm.fast_path_errors for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
