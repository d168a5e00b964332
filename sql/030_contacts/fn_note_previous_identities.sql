create function crm_private.note_previous_identities(p_workspace_id uuid, p_identities crm_private.item_identity[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_previous crm_private.item_identity;
begin
  for v_previous in
    select d.* from unnest(p_identities) d where d.is_previous and not d.is_variant order by d.kind, d.scope, d.value
  loop
    update crm.contact_identities i set is_previous = true, is_outranked = false
    where i.workspace_id = p_workspace_id and i.kind = v_previous.kind and i.scope = v_previous.scope
      and i.value = v_previous.value
      and (not i.is_previous or i.is_outranked);
  end loop;
end;
$$;
comment on function crm_private.note_previous_identities(uuid, crm_private.item_identity[]) is
  'Marks the identities that a delivery calls previous. Once marked, for good: the order of deliveries does not
matter.';
