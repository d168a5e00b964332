create function crm_private.look_up_identities(
  p_workspace_id uuid,
  p_identities crm_private.item_identity[],
  out owned crm_private.item_owner[],
  out unowned crm_private.item_identity[],
  out known crm_private.item_identity[]
)
language plpgsql
stable
set search_path = ''
as $$
begin
  with found as materialized (
    select d as identity, d.ordinal, d.is_variant, o.contact_id
    from unnest(p_identities) d
    left join lateral (
      select c.contact_id
      from crm.contact_identities c
      where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
      offset 0
    ) o on true
  )
  select
    array(
      select row(o.ordinal, o.contact_id)::crm_private.item_owner
      from (select distinct f.ordinal, f.contact_id from found f where f.contact_id is not null) o
      order by o.ordinal, o.contact_id),
    array(select f.identity from found f where f.contact_id is null and not f.is_variant),
    array(select f.identity from found f where f.contact_id is not null)
  into owned, unowned, known;
end;
$$;
comment on function crm_private.look_up_identities(uuid, crm_private.item_identity[]) is
  'Whose the identities are.

owned: the contacts that own the identities of each item, sorted and without repetition. A contact that this transaction
claimed may have no row yet.
unowned: the identities that no contact of the workspace has, in the order given; without variants, which are never
stored. known: the identities that a contact has, in the order given.';
