create function crm_private.unowned_identities(p_workspace_id uuid, p_identities crm_private.item_identity[])
returns crm_private.item_identity[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(d), '{}')
    from unnest(p_identities) d
    left join lateral (
      select true as is_owned
      from crm.contact_identities c
      where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
      offset 0
    ) o on true
    where o.is_owned is null
  );
end;
$$;
comment on function crm_private.unowned_identities(uuid, crm_private.item_identity[]) is 'Those of the identities that no contact of the workspace has, in the order given.';
