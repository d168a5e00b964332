create function crm.upsert_contact(p_workspace_id uuid, p_sync_source text, p_contact jsonb)
returns table (contact_id uuid, outcome text, sync_source text, version bigint)
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_nobody crm.channel_accounts;
  v_problem text;
begin
  if p_sync_source is null or p_sync_source not in ('chat_embedded', 'contacts_api') then
    perform crm_private.reject_input('p_sync_source', 'The source is chat_embedded or contacts_api.');
  end if;
  if jsonb_typeof(p_contact) is distinct from 'object' then
    perform crm_private.reject_input('$', 'A contact is a JSON object.');
  end if;
  select min(p.path) into v_problem from crm_private.participant_problems(array[p_contact]) p;
  if v_problem is not null then
    perform crm_private.reject_input('$' || v_problem, 'The contact has a value of the wrong type or size.');
  end if;
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;

  v_nobody.workspace_id := p_workspace_id;
  select r.contact_ids[1], r.outcomes[1] into contact_id, outcome
  from crm_private.resolve_contacts_again(v_nobody, p_sync_source, array[row(1, null, p_contact,
    crm_private.event_time(p_contact ->> 'source_updated_at'), null, coalesce(p_contact ->> 'delivery', p_sync_source),
    null, null)::crm_private.inbound_item]) r;
  -- A statement of its own: the one before does not see what it wrote.
  select c.sync_source, c.version into sync_source, version
  from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id = contact_id;
  return next;
end;
$$;
comment on function crm.upsert_contact(uuid, text, jsonb) is
  'Resolves a contact by its identities and writes what the source knows of it. Outcome: created, linked, updated,
upgraded, unchanged, stale, or ignored (no usable identity: contact_id is null). p_contact: {identities: [{kind, scope?,
value}], previous_identities?, source_updated_at?, delivery?, full_name, email, …}; delivery names where the record came
from. PT400 invalid_input with the path, PT404 not_found.';
