create function crm_private.unmerge_contact_rows(p_merge crm.contact_merges)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
begin
  perform crm_private.unmerge_contact_identities(p_merge.survivor_id, p_merge.duplicate_id, p_merge.moved -> 'identities');
  perform crm_private.unmerge_contact_candidates(p_merge.workspace_id, p_merge.survivor_id, p_merge.duplicate_id, p_merge.moved);
  select c.* into strict v_survivor from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.survivor_id;
  perform crm_private.unmerge_contact_fields(v_survivor,
    jsonb_populate_record(null::crm.contacts, p_merge.moved -> 'duplicate'), jsonb_populate_record(null::crm.contacts, p_merge.moved -> 'survivor'));
end;
$$;
comment on function crm_private.unmerge_contact_rows(crm.contact_merges) is
  'Takes back what a merge did to identities, merge candidates and the survivor''s fields. The last merge of a survivor first: an earlier one is below it. The caller has locked both contacts.';
