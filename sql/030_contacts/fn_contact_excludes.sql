create function crm_private.contact_excludes(
  p_workspace_id uuid,
  p_contact_id uuid,
  p_kinds text[],
  p_scopes text[],
  p_values text[]
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    -- Read by contact, written so that the planner is offered no other index; then no table is left to join.
    with own as materialized (
      select i.kind, i.scope, i.value, i.is_previous
      from crm.contact_identities i
      where i.contact_id = p_contact_id and i.workspace_id is not distinct from p_workspace_id
        and i.kind = any (crm_private.exclusive_kinds())
    )
    select exists (
      select
      from own i
      join unnest(p_kinds, p_scopes, p_values) g (kind, scope, value) on g.kind = i.kind and g.scope = i.scope
        and g.value <> i.value
      where not i.is_previous
        -- The contact may already hold the given value beside another one that an id change recorded.
        and not exists (select from own o where o.kind = g.kind and o.scope = g.scope and o.value = g.value)
        -- An id that a provider gave names the person, whatever typed ids say: people mistype those, and correct them.
        and not (i.kind <> all (crm_private.exclusive_provider_kinds()) and exists (
          select
          from own o
          join unnest(p_kinds, p_scopes, p_values) n (kind, scope, value) on n.kind = o.kind and n.scope = o.scope
            and n.value = o.value
          where not o.is_previous and o.kind = any (crm_private.exclusive_provider_kinds()))))
  );
end;
$$;
comment on function crm_private.contact_excludes(uuid, uuid, text[], text[], text[]) is
  'True when the contact cannot be the person with these identities: it has another current id of an exclusive kind.

An id of which the contact holds the given value as well sets nobody apart, and neither does a typed id (identification)
beside one that a provider gave and both have.';
