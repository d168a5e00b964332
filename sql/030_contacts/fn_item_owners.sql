create function crm_private.item_owners(p_workspace_id uuid, p_identities crm_private.item_identity[])
returns crm_private.item_owner[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(row(o.ordinal, o.contact_id)::crm_private.item_owner order by o.ordinal, o.contact_id), '{}')
    from (
      select distinct d.ordinal, i.contact_id
      from unnest(p_identities) d
      cross join lateral (
        select c.contact_id
        from crm.contact_identities c
        where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
        offset 0
      ) i
    ) o
  );
end;
$$;
comment on function crm_private.item_owners(uuid, crm_private.item_identity[]) is
  'Which contacts own the identities of each item. A contact claimed by this transaction may have no row yet.';
