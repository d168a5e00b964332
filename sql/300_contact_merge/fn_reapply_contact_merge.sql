create function crm_private.reapply_contact_merge(p_merge crm.contact_merges)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
  v_duplicate crm.contacts;
begin
  select c.* into strict v_survivor
  from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.survivor_id;
  select c.* into strict v_duplicate
  from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.duplicate_id;
  update crm.contact_merges m set moved = m.moved
    || jsonb_build_object('survivor', to_jsonb(v_survivor),
      'identities', crm_private.merge_contact_identities(p_merge.survivor_id, p_merge.duplicate_id))
    || crm_private.merge_contact_candidates(p_merge.workspace_id, p_merge.survivor_id, p_merge.duplicate_id,
      p_merge.merged_at)
  where m.workspace_id = p_merge.workspace_id and m.id = p_merge.id;
  perform crm_private.merge_contact_fields(v_survivor, v_duplicate);
end;
$$;
comment on function crm_private.reapply_contact_merge(crm.contact_merges) is
  'Applies a merge again that unmerge_contact_rows took back, to the survivor as it is now.

The merge''s row then says what this moved.';
