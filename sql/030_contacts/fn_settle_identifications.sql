create function crm_private.settle_identifications(p_workspace_id uuid, p_contact_id uuid)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_current text;
begin
  -- Without a delivery on record, the source that attached the identification counts.
  v_current := (crm_private.last_word(array(
    select row(null, coalesce(c.source ->> 'source', i.source), (c.source ->> 'at')::timestamptz,
      to_jsonb(i.value), null)::crm_private.field_word
    from crm.contact_identities i
    cross join lateral (
      select x.field_sources -> ('identification.' || i.value) as source
      from crm.contacts x
      where x.workspace_id = p_workspace_id and x.id = p_contact_id
      offset 0
    ) c
    where i.contact_id = p_contact_id and i.kind = 'identification' and (not i.is_previous or i.is_outranked)
  ))).value #>> '{}';

  update crm.contact_identities i set is_previous = i.value <> v_current, is_outranked = i.value <> v_current
  where i.contact_id = p_contact_id and i.workspace_id is not distinct from p_workspace_id
    and i.kind = 'identification' and (not i.is_previous or i.is_outranked)
    and i.is_outranked <> (i.value <> v_current);
  return v_current;
end;
$$;
comment on function crm_private.settle_identifications(uuid, uuid) is
  'Decides which of a contact''s identifications counts, and returns it: of those that no delivery called previous, the
one that was named last, the Contacts API''s before any chat''s. The others are outranked. The caller has locked the
contact.';
