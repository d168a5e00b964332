create function crm_private.merge_contact_identities(p_survivor_id uuid, p_duplicate_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_kinds constant text[] := array_remove(crm_private.exclusive_kinds(), 'identification');
  v_moved jsonb;
begin
  -- Of two current ids of an exclusive kind the survivor's stays current. Which of two identifications does,
  -- note_identity_fields says.
  select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value)
      || case when i.is_second then '{"was_current": true}' else '{}' end::jsonb
    order by i.kind, i.scope, i.value), '[]')
  into v_moved
  from (
    select d.kind, d.scope, d.value,
      not d.is_previous and d.kind = any (v_kinds) and exists (
        select from crm.contact_identities s
        where s.contact_id = p_survivor_id and s.kind = d.kind and s.scope = d.scope and not s.is_previous) as is_second
    from crm.contact_identities d
    where d.contact_id = p_duplicate_id
  ) i;

  update crm.contact_identities d set
    contact_id = p_survivor_id,
    is_previous = d.is_previous or d.kind = any (v_kinds) and exists (
      select from crm.contact_identities s
      where s.contact_id = p_survivor_id and s.kind = d.kind and s.scope = d.scope and not s.is_previous)
  where d.contact_id = p_duplicate_id;
  return v_moved;
end;
$$;
comment on function crm_private.merge_contact_identities(uuid, uuid) is
  'Gives the duplicate''s identities to the survivor and returns them: [{kind, scope, value, was_current?}].

Where both have a current id of an exclusive kind in one scope, the duplicate''s becomes a previous one (was_current).
The caller has locked both contacts.';
