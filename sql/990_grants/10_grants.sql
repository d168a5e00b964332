-- Deny by default, then grant what is meant. A schema's default privileges cannot take execute from public, so it is
-- revoked here, and a test over the catalog finds any function that slips through.
revoke all on schema crm, crm_private from public;
revoke all on all tables in schema crm, crm_private from public, anon, authenticated, service_role;
revoke execute on all functions in schema crm, crm_private from public, anon, authenticated, service_role;

grant usage on schema crm to authenticated, service_role;
grant usage on schema crm_private to service_role;

-- Members read, under row level security.
grant select on all tables in schema crm to authenticated;
-- Who shows a lock's token writes in the holder's name.
revoke select on crm.sync_locks from authenticated;
grant select (resource, workspace_id, holder, fencing_token, acquired_at, expires_at)
  on crm.sync_locks to authenticated;
-- service_role is the backend: it passes row level security, and runs the functions that are not security definer.
grant select, insert, update, delete on all tables in schema crm to service_role;
grant select on all tables in schema crm_private to service_role;
grant execute on all functions in schema crm, crm_private to service_role;

-- Policies need execute, and no usage on the schema.
grant execute on function crm_private.member_workspace_ids() to authenticated;
-- The views over these run as the member: they need select, and no usage on the schema either.
grant select on crm_private.monitored_accounts, crm_private.last_runs to authenticated;

grant execute on function
  crm.add_member(uuid, uuid, text),
  crm.channel_account(uuid),
  crm.contact_sync_stats(uuid),
  crm.explain_contact(uuid, uuid),
  crm.merge_contacts(uuid, uuid, text, uuid),
  crm.reject_merge_candidate(uuid, uuid),
  crm.remove_member(uuid, uuid),
  crm.replay_dead_letter(uuid, uuid),
  crm.require_role(uuid, text),
  crm.schema_version(),
  crm.unmerge_contacts(uuid, uuid),
  crm.update_channel_account(uuid, jsonb, text, boolean, uuid),
  crm.update_conversation(uuid, bigint, jsonb, uuid),
  crm.update_workspace(uuid, jsonb, text, text)
to authenticated;
