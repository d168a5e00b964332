create view crm.contact_sync_overview with (security_invoker = true) as
select
  c.workspace_id,
  c.sync_source,
  count(*) as contacts,
  count(*) filter (where c.needs_full_sync) as needing_full_sync,
  min(c.created_at) as oldest_created_at,
  max(c.last_sync_at) as last_sync_at
from crm.contacts c
where c.merged_into_id is null
group by c.workspace_id, c.sync_source;
comment on view crm.contact_sync_overview is
  'How complete are the contacts?

One row per workspace and source: stubs from chats, upgraded stubs, contacts from the API.';
