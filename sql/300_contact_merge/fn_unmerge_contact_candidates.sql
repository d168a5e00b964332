create function crm_private.unmerge_contact_candidates(
  p_workspace_id uuid,
  p_survivor_id uuid,
  p_duplicate_id uuid,
  p_moved jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_candidate jsonb;
  v_row crm.merge_candidates;
  v_before crm.merge_candidates;
  v_joined crm.merge_candidates;
  v_other uuid;
  v_next uuid;
begin
  perform crm_private.lock_merge_candidates(p_workspace_id, p_survivor_id, p_duplicate_id);
  v_before := jsonb_populate_record(null::crm.merge_candidates, nullif(p_moved -> 'pair', 'null'));
  update crm.merge_candidates m set status = v_before.status, decided_at = v_before.decided_at
  where m.workspace_id = p_workspace_id and m.id = v_before.id;

  for v_candidate in
    select c.candidate from jsonb_array_elements(coalesce(p_moved -> 'candidates', '[]')) c (candidate)
  loop
    v_row := jsonb_populate_record(null::crm.merge_candidates, v_candidate -> 'row');
    if not v_candidate ? 'joined' then
      -- The decision that was made about it since stays.
      update crm.merge_candidates m set
        contact_a_id = least(p_duplicate_id,
          case when m.contact_a_id = p_survivor_id then m.contact_b_id else m.contact_a_id end),
        contact_b_id = greatest(p_duplicate_id,
          case when m.contact_a_id = p_survivor_id then m.contact_b_id else m.contact_a_id end)
      where m.workspace_id = p_workspace_id and m.id = v_row.id and p_survivor_id in (m.contact_a_id, m.contact_b_id);
      continue when found;
    else
      v_before := jsonb_populate_record(null::crm.merge_candidates, v_candidate -> 'joins');
      v_joined := jsonb_populate_record(null::crm.merge_candidates, v_candidate -> 'joined');
      update crm.merge_candidates m
      set status = v_before.status, decided_at = v_before.decided_at, evidence = v_before.evidence
      where m.workspace_id = p_workspace_id and m.id = v_before.id
        and row(m.status, m.decided_at, m.evidence)
          is not distinct from row(v_joined.status, v_joined.decided_at, v_joined.evidence);
    end if;

    -- Follow later merges of the other contact, but not into the survivor or the duplicate itself.
    v_other := case when v_row.contact_a_id = p_duplicate_id then v_row.contact_b_id else v_row.contact_a_id end;
    loop
      select c.merged_into_id into v_next from crm.contacts c where c.workspace_id = p_workspace_id and c.id = v_other;
      exit when v_next is null or v_next in (p_survivor_id, p_duplicate_id);
      v_other := v_next;
    end loop;
    insert into crm.merge_candidates (workspace_id, id, contact_a_id, contact_b_id, status, evidence,
      created_at, decided_at)
    select p_workspace_id, v_row.id, least(p_duplicate_id, c.id), greatest(p_duplicate_id, c.id), v_row.status,
      v_row.evidence, v_row.created_at, v_row.decided_at
    from crm.contacts c
    where c.workspace_id = p_workspace_id and c.id = v_other
    on conflict do nothing;
  end loop;
end;
$$;
comment on function crm_private.unmerge_contact_candidates(uuid, uuid, uuid, jsonb) is
  'Gives the merge candidates that merge_contact_candidates moved back to the duplicate.

The pair''s own row becomes what it was. A decision made since stays. The caller has locked both contacts.';
