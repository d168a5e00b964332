create function crm_private.surviving_contact(p_workspace_id uuid, p_contact_id uuid)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with recursive chain as (
      select c.id, c.merged_into_id from crm.contacts c where c.workspace_id = p_workspace_id and c.id = p_contact_id
      union all
      select c.id, c.merged_into_id
      from chain h
      join crm.contacts c on c.workspace_id = p_workspace_id and c.id = h.merged_into_id
    )
    select h.id from chain h where h.merged_into_id is null
  );
end;
$$;
comment on function crm_private.surviving_contact(uuid, uuid) is
  'The contact that a chain of merges ends in; the contact itself when it was never merged; null when there is none.';
