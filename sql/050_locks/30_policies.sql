alter table crm.sync_locks enable row level security;
create policy members_read on crm.sync_locks for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
