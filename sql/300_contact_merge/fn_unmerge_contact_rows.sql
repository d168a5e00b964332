create function crm_private.unmerge_contact_rows(p_merge crm.contact_merges)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
  v_duplicate crm.contacts;
  v_before crm.contacts := jsonb_populate_record(null::crm.contacts, p_merge.moved -> 'survivor');
begin
  perform crm_private.unmerge_contact_identities(p_merge.survivor_id, p_merge.duplicate_id,
    p_merge.moved -> 'identities');
  perform crm_private.unmerge_contact_candidates(p_merge.workspace_id, p_merge.survivor_id, p_merge.duplicate_id,
    p_merge.moved);
  select c.* into strict v_survivor
  from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.survivor_id;
  -- A returned identification keeps the time at which a delivery named it last, also one that named both contacts.
  update crm.contacts c set field_sources = c.field_sources || n.named
  from (
    select jsonb_object_agg(s.key, s.value) as named
    from jsonb_each(v_survivor.field_sources) s
    join crm.contact_identities i on i.contact_id = p_merge.duplicate_id and i.kind = 'identification'
      and s.key = 'identification.' || i.value
    where v_before.field_sources -> s.key is distinct from s.value
  ) n
  where c.workspace_id = p_merge.workspace_id and c.id = p_merge.duplicate_id and not c.field_sources @> n.named;
  -- Read the duplicate as it is now: tell_duplicates has applied the deliveries that named it.
  select c.* into strict v_duplicate
  from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.duplicate_id;
  perform crm_private.unmerge_contact_fields(v_survivor, v_duplicate, v_before);
end;
$$;
comment on function crm_private.unmerge_contact_rows(crm.contact_merges) is
  'Takes back what a merge did to identities, merge candidates and the survivor''s fields.

The caller takes back the last merge of a survivor first, because an earlier one lies below it. The caller has locked
both contacts.';
