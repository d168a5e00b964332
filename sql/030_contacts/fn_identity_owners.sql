create function crm_private.identity_owners(
  p_workspace_id uuid,
  p_ordinal int,
  p_identities crm_private.item_identity[]
)
returns uuid[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(o.contact_id order by o.place), '{}')
    from (
      select i.contact_id, min(d.strength + case when d.is_previous then 100 else 0 end) as strength,
        row_number() over (order by min(d.strength + case when d.is_previous then 100 else 0 end), min(d.scope),
          min(d.value), i.contact_id) as place
      from unnest(p_identities) d
      cross join lateral (
        select c.contact_id
        from crm.contact_identities c
        where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
        offset 0
      ) i
      where d.ordinal = p_ordinal
      group by i.contact_id
    ) o
  );
end;
$$;
comment on function crm_private.identity_owners(uuid, int, crm_private.item_identity[]) is
  'The contacts that own the item''s identities, the strongest identity''s owner first, current ids before previous
ones. An id may have no row yet.';
