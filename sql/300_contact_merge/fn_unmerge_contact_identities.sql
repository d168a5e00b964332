create function crm_private.unmerge_contact_identities(p_survivor_id uuid, p_duplicate_id uuid, p_moved jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.contact_identities i set
    contact_id = p_duplicate_id,
    is_previous = i.is_previous and m.was_current is null
  from jsonb_to_recordset(p_moved) m (kind text, scope text, value text, was_current boolean)
  where i.contact_id = p_survivor_id and i.kind = m.kind and i.scope = m.scope and i.value = m.value;
end;
$$;
comment on function crm_private.unmerge_contact_identities(uuid, uuid, jsonb) is
  'Gives the identities that merge_contact_identities moved back to the duplicate.

The caller has locked both contacts.';
