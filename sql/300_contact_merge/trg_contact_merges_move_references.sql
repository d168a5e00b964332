create function crm_private.move_references()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
  v_duplicate crm.contacts;
  v_domain text;
  v_moved jsonb;
begin
  select c.* into strict v_survivor
  from crm.contacts c where c.workspace_id = new.workspace_id and c.id = new.survivor_id;
  select c.* into strict v_duplicate
  from crm.contacts c where c.workspace_id = new.workspace_id and c.id = new.duplicate_id;

  new.moved := jsonb_build_object('survivor', to_jsonb(v_survivor), 'duplicate', to_jsonb(v_duplicate))
    || jsonb_build_object('identities', crm_private.merge_contact_identities(new.survivor_id, new.duplicate_id))
    || crm_private.merge_contact_candidates(new.workspace_id, new.survivor_id, new.duplicate_id, new.merged_at);
  foreach v_domain in array crm_private.contact_domains() loop
    execute format('select crm_private.%I($1)', 'move_' || v_domain) into v_moved using new;
    new.moved := new.moved || jsonb_build_object(v_domain, v_moved);
  end loop;
  perform crm_private.merge_contact_fields(v_survivor, v_duplicate);
  perform crm_private.note_identity_fields(new.workspace_id, array[new.survivor_id]);
  return new;
end;
$$;
comment on function crm_private.move_references() is
  'Trigger: a new row of contact_merges moves what references the duplicate to the survivor and joins their fields.

The column moved says what it was. History stays in place: earlier merges, merged_into_id, candidates that are merged.
The caller has locked both contacts.';

create trigger move_references before insert on crm.contact_merges
for each row execute function crm_private.move_references();
