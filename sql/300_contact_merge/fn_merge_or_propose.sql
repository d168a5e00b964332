create function crm_private.merge_or_propose(
  p_workspace_id uuid,
  p_contact_id uuid,
  p_other_id uuid,
  p_reason text,
  p_evidence jsonb
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_contact crm.contacts;
  v_other crm.contacts;
begin
  perform from crm.contacts c
  where c.workspace_id = p_workspace_id
    and c.id in (crm_private.surviving_contact(p_workspace_id, p_contact_id),
      crm_private.surviving_contact(p_workspace_id, p_other_id))
  order by c.id
  for no key update;
  select c.* into v_contact from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id = crm_private.surviving_contact(p_workspace_id, p_contact_id);
  select c.* into v_other from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id = crm_private.surviving_contact(p_workspace_id, p_other_id);
  if v_contact.id = v_other.id then
    return 'same';
  end if;

  if (v_contact.needs_full_sync or v_other.needs_full_sync)
    and not crm_private.contacts_are_kept_apart(p_workspace_id, v_contact.id, v_other.id) then
    if crm_private.survivor_of(v_contact.id, v_contact.needs_full_sync, v_contact.created_at, v_other.id,
        v_other.needs_full_sync, v_other.created_at) = v_contact.id then
      perform crm_private.apply_contact_merge(p_workspace_id, v_contact.id, v_other.id, p_reason, 'system');
    else
      perform crm_private.apply_contact_merge(p_workspace_id, v_other.id, v_contact.id, p_reason, 'system');
    end if;
    return 'merged';
  end if;

  insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, evidence)
  values (p_workspace_id, least(v_contact.id, v_other.id), greatest(v_contact.id, v_other.id), p_evidence)
  on conflict (workspace_id, contact_a_id, contact_b_id) do nothing;
  return case when found then 'candidate' else 'known' end;
end;
$$;
comment on function crm_private.merge_or_propose(uuid, uuid, uuid, text, jsonb) is
  'Merges two contacts that are found to be one person, or keeps them as a merge candidate.

Returns merged (one is a stub and nothing keeps them apart), candidate (both are full, or something keeps them apart),
known (they already were a candidate) or same (they are already one contact). Follows ids of contacts that were merged
away.';
