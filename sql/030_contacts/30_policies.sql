alter table crm.contacts enable row level security;
create policy members_read on crm.contacts for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.contact_identities enable row level security;
create policy members_read on crm.contact_identities for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.blocked_identity_values enable row level security;
create policy members_read on crm.blocked_identity_values for select to authenticated
  using (workspace_id is null or workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.contact_merges enable row level security;
create policy members_read on crm.contact_merges for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.merge_candidates enable row level security;
create policy members_read on crm.merge_candidates for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
