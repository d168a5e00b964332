alter table crm.channel_accounts enable row level security;
create policy members_read on crm.channel_accounts for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
