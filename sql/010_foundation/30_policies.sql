alter table crm.workspaces enable row level security;
create policy members_read on crm.workspaces for select to authenticated
  using (id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.workspace_members enable row level security;
create policy members_read on crm.workspace_members for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
