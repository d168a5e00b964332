create function crm_private.apply_contact_merge(
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
  v_merge_id uuid;
begin
  if p_survivor_id = p_duplicate_id then
    raise exception 'apply_contact_merge needs two contacts';
  end if;
  -- Both contacts, in id order, before anything moves: a writer that links a row to one of them holds it for share.
  -- Not `for update`: that also blocks the foreign key checks of writers which hold a conversation, the next lock here.
  perform from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id in (p_survivor_id, p_duplicate_id)
  order by c.id
  for no key update;
  if exists (
    select from crm.contacts c
    where c.workspace_id = p_workspace_id and c.id in (p_survivor_id, p_duplicate_id)
      and c.merged_into_id is not null) then
    raise exception using errcode = 'serialization_failure', message = 'A contact was merged away meanwhile.';
  end if;

  -- The row tells the rooms above: their trigger moves everything and writes into `moved` what it was.
  -- The clock, not the transaction's time: one delivery may merge several contacts, and an undo needs their order.
  insert into crm.contact_merges (workspace_id, survivor_id, duplicate_id, reason, merged_by, moved, merged_at)
  values (p_workspace_id, p_survivor_id, p_duplicate_id, p_reason, p_merged_by, '{}', clock_timestamp())
  returning id into v_merge_id;

  update crm.contacts c set merged_into_id = p_survivor_id
  where c.workspace_id = p_workspace_id and c.id = p_duplicate_id;
  return v_merge_id;
end;
$$;
comment on function crm_private.apply_contact_merge(uuid, uuid, uuid, text, text) is
  'Merges the duplicate into the survivor and returns the id of the contact_merges row.

The caller needs no lock: this locks both contacts. What references the duplicate moves in the trigger of
contact_merges.
Errors: serialization_failure when another transaction merged one of the two away meanwhile; the caller begins again.';
