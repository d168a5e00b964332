alter table crm.sync_state enable row level security;
create policy members_read on crm.sync_state for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.sync_runs enable row level security;
create policy members_read on crm.sync_runs for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.rate_limit_buckets enable row level security;
create policy members_read on crm.rate_limit_buckets for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
