-- Security definer: counts must not pay for row level security; the first act is the membership check.
create function crm.contact_sync_stats(p_workspace_id uuid)
returns table (contacts bigint, contacts_needing_sync bigint, stale_stubs bigint, conversations bigint,
  orphaned_conversations bigint)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform crm_private.require_member(p_workspace_id, 'viewer');
  return query
  select c.contacts, c.needing_sync, c.stale, v.conversations, v.orphaned
  from (
    select count(*) as contacts,
      count(*) filter (where k.needs_full_sync) as needing_sync,
      count(*) filter (where k.needs_full_sync and k.created_at < now() - interval '7 days') as stale
    from crm.contacts k
    where k.workspace_id = p_workspace_id and k.merged_into_id is null
  ) c
  cross join (
    select count(*) as conversations, count(*) filter (where t.contact_id is null) as orphaned
    from crm.conversations t
    where t.workspace_id = p_workspace_id
  ) v;
end;
$$;
comment on function crm.contact_sync_stats(uuid) is
  'Counts contacts, stubs, stubs older than 7 days, conversations, and conversations without a contact. For viewers.

PT401, PT403.';
