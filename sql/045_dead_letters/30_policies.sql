alter table crm.dead_letters enable row level security;
create policy members_read on crm.dead_letters for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
