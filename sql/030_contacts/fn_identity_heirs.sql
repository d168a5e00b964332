create function crm_private.identity_heirs(
  p_workspace_id uuid,
  p_identities crm_private.item_identity[],
  p_unowned crm_private.item_identity[],
  p_owned crm_private.item_owner[],
  p_count int
)
returns uuid[]
language plpgsql
stable
set search_path = ''
as $$
declare
  v_owners uuid[] := crm_private.owners_by_ordinal(p_owned, p_count);
  v_refused int;
begin
  -- Who may have a new id of a kind that a person has only one of is decided one by one, and so is a change of ids.
  for v_refused in
    select d.ordinal from unnest(p_identities) d where d.is_previous
    union
    select u.ordinal
    from (
      select d.ordinal, d.kind, d.scope, d.value, v_owners[d.ordinal] as owner_id,
        min(d.value) over (partition by v_owners[d.ordinal], d.kind, d.scope)
          <> max(d.value) over (partition by v_owners[d.ordinal], d.kind, d.scope) as is_disputed
      from unnest(p_unowned) d
      where d.kind = any (crm_private.exclusive_kinds()) and v_owners[d.ordinal] is not null
    ) u
    where u.is_disputed or exists (
      select
      from crm.contact_identities i
      where i.contact_id = u.owner_id and i.workspace_id is not distinct from p_workspace_id
        and i.kind = u.kind and i.scope = u.scope and i.value <> u.value and not i.is_previous)
  loop
    v_owners[v_refused] := null;
  end loop;
  return v_owners;
end;
$$;
comment on function crm_private.identity_heirs(
  uuid, crm_private.item_identity[], crm_private.item_identity[], crm_private.item_owner[], int
) is
  'The contact, by ordinal, that simply gets the identities of the item that nobody owns: the one owner of its others,
unless it has, or is offered, another id of a kind that a person has only one of. Null where that takes resolve_bridge,
or a new contact.';
