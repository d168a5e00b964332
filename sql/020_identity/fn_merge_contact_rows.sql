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
  v_moved jsonb;
  v_merged_at timestamptz;
  v_merge_id uuid;
begin
  if p_survivor_id = p_duplicate_id then
    raise exception 'merge_contact_rows needs two contacts';
  end if;
  -- Both contacts, in id order, before anything moves: whoever links something to one of them holds it for share. Not `for update`:
  -- that would also block the foreign key checks of writers that already hold a conversation, which this waits for next.
  perform from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id in (p_survivor_id, p_duplicate_id)
  order by c.id
  for no key update;
  select c.* into strict v_survivor from crm.contacts c where c.workspace_id = p_workspace_id and c.id = p_survivor_id;
  select c.* into strict v_duplicate from crm.contacts c where c.workspace_id = p_workspace_id and c.id = p_duplicate_id;
  if v_survivor.merged_into_id is not null or v_duplicate.merged_into_id is not null then
    raise exception using errcode = 'serialization_failure', message = 'A contact was merged away meanwhile.';
  end if;

  -- The clock, not the transaction's time: one delivery may merge several, and an undo needs their order.
  v_merged_at := clock_timestamp();
  v_moved := jsonb_build_object('survivor', to_jsonb(v_survivor), 'duplicate', to_jsonb(v_duplicate))
    || jsonb_build_object('identities', crm_private.merge_contact_identities(p_survivor_id, p_duplicate_id))
    || crm_private.merge_contact_candidates(p_workspace_id, p_survivor_id, p_duplicate_id, v_merged_at)
    || jsonb_build_object('conversations', crm_private.merge_contact_conversations(p_survivor_id, p_duplicate_id));
  perform crm_private.merge_contact_fields(v_survivor, v_duplicate);
  perform crm_private.note_identity_fields(p_workspace_id, array[p_survivor_id]);

  update crm.contacts c set merged_into_id = p_survivor_id
  where c.workspace_id = p_workspace_id and c.id = p_duplicate_id;

  insert into crm.contact_merges (workspace_id, survivor_id, duplicate_id, reason, merged_by, moved, merged_at)
  values (p_workspace_id, p_survivor_id, p_duplicate_id, p_reason, p_merged_by, v_moved, v_merged_at)
  returning id into v_merge_id;
  return v_merge_id;
end;
$$;
comment on function crm_private.merge_contact_rows(uuid, uuid, uuid, text, text) is
  'Moves everything that references the duplicate to the survivor, joins their fields, marks the duplicate as merged and returns the id of the contact_merges row. History stays where it is: earlier merges, merged_into_id, candidates that are merged. serialization_failure when one of the two was merged away while this waited for it: the caller begins anew.';
