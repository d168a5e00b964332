alter table crm.raw_records enable row level security;
create policy members_read on crm.raw_records for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
