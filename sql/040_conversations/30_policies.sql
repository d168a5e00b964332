alter table crm.conversations enable row level security;
create policy members_read on crm.conversations for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.conversation_keys enable row level security;
create policy members_read on crm.conversation_keys for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.conversation_merges enable row level security;
create policy members_read on crm.conversation_merges for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.conversation_tags enable row level security;
create policy members_read on crm.conversation_tags for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.messages enable row level security;
create policy members_read on crm.messages for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.contact_interaction_events enable row level security;
create policy members_read on crm.contact_interaction_events for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));
