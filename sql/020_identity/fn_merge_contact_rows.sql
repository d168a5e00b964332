create function crm_private.merge_contact_rows(
  p_workspace_id uuid,
  p_survivor_id uuid,
  p_duplicate_id uuid,
  p_reason text,
  p_merged_by text
)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
  v_duplicate crm.contacts;
  v_identities jsonb;
  v_conversations jsonb;
  v_merge_id uuid;
begin
  -- Both contacts, in id order, before anything moves: whoever links something to one of them holds it for share. Not `for update`:
  -- that would also block the foreign key checks of writers that already hold a conversation, which this waits for next.
  perform from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id in (p_survivor_id, p_duplicate_id)
  order by c.id
  for no key update;
  select c.* into strict v_survivor from crm.contacts c where c.workspace_id = p_workspace_id and c.id = p_survivor_id;
  select c.* into strict v_duplicate from crm.contacts c where c.workspace_id = p_workspace_id and c.id = p_duplicate_id;
  if v_survivor.merged_into_id is not null or v_duplicate.merged_into_id is not null or p_survivor_id = p_duplicate_id then
    raise exception 'merge_contact_rows needs two different contacts that are not merged away';
  end if;

  with moved as (
    update crm.contact_identities i set contact_id = p_survivor_id
    where i.contact_id = p_duplicate_id
    returning i.kind, i.scope, i.value
  )
  select coalesce(jsonb_agg(to_jsonb(m)), '[]') into v_identities from moved m;

  perform from crm.conversations v where v.contact_id = p_duplicate_id order by v.id for no key update;
  with moved as (
    update crm.conversations v set contact_id = p_survivor_id
    where v.contact_id = p_duplicate_id
    returning v.id
  )
  select coalesce(jsonb_agg(m.id), '[]') into v_conversations from moved m;

  update crm.contact_interaction_events e set contact_id = p_survivor_id
  where e.contact_id = p_duplicate_id;

  perform crm_private.merge_contact_fields(v_survivor, v_duplicate);
  perform crm_private.note_identity_fields(p_workspace_id, array[p_survivor_id]);

  update crm.contacts c set merged_into_id = p_survivor_id
  where c.workspace_id = p_workspace_id and c.id = p_duplicate_id;

  insert into crm.contact_merges (workspace_id, survivor_id, duplicate_id, reason, merged_by, moved)
  values (p_workspace_id, p_survivor_id, p_duplicate_id, p_reason, p_merged_by, jsonb_build_object(
    'identities', v_identities, 'conversations', v_conversations,
    'survivor', to_jsonb(v_survivor), 'duplicate', to_jsonb(v_duplicate)))
  returning id into v_merge_id;

  update crm.merge_candidates m set status = 'merged', decided_at = now()
  where m.workspace_id = p_workspace_id and m.status = 'open'
    and m.contact_a_id = least(p_survivor_id, p_duplicate_id) and m.contact_b_id = greatest(p_survivor_id, p_duplicate_id);
  return v_merge_id;
end;
$$;
comment on function crm_private.merge_contact_rows(uuid, uuid, uuid, text, text) is
  'Moves everything that references the duplicate to the survivor, joins their fields, marks the duplicate as merged and returns the id of the contact_merges row. An event belongs to its conversation''s contact, so moved lists conversations, not events.';
