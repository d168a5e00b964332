-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.merge_contacts(
  p_survivor_id uuid,
  p_duplicate_id uuid,
  p_reason text,
  p_workspace_id uuid default null
)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_survivor_id uuid;
  v_duplicate_id uuid;
  v_merge_id uuid;
begin
  select c.workspace_id into v_workspace_id
  from crm.contacts c
  where c.id = p_survivor_id and c.workspace_id = coalesce(p_workspace_id, c.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'agent');
  if v_workspace_id is null
    or not exists (select from crm.contacts c where c.workspace_id = v_workspace_id and c.id = p_duplicate_id) then
    perform crm_private.raise_not_found('contact', 'There is no such contact.',
      'Both contacts are of one workspace. An id that was merged away is followed.');
  end if;
  if length(coalesce(btrim(p_reason), '')) not between 1 and 1000 then
    perform crm_private.reject_input('p_reason', 'A reason is 1 to 1000 characters.');
  end if;

  for v_attempt in 1..5 loop
    begin
      v_survivor_id := crm_private.surviving_contact(v_workspace_id, p_survivor_id);
      v_duplicate_id := crm_private.surviving_contact(v_workspace_id, p_duplicate_id);
      if v_survivor_id = v_duplicate_id then
        perform crm_private.reject_input('p_duplicate_id', 'The two are one contact already.');
      end if;
      v_merge_id := crm_private.apply_contact_merge(v_workspace_id, v_survivor_id, v_duplicate_id, btrim(p_reason),
        coalesce(auth.uid()::text, 'service_role'));
      exit;
    exception when serialization_failure then
      -- Another transaction merged one of them away: release the locks and read again.
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;
  return v_merge_id;
end;
$$;
comment on function crm.merge_contacts(uuid, uuid, text, uuid) is
  'Merges the duplicate into the survivor, whatever keeps them apart. For agents.

Returns the id of the contact_merges row, which unmerge_contacts takes. Follows ids of contacts that were merged away.
Where both have a current id of an exclusive kind, the duplicate''s becomes a previous one.

PT400 invalid_input (also: the two are one contact), PT401, PT403, PT404 not_found.';
