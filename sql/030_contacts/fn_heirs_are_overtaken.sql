create function crm_private.heirs_are_overtaken(
  p_workspace_id uuid,
  p_unowned crm_private.item_identity[],
  p_heirs uuid[]
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select
    from unnest(p_unowned) d
    cross join lateral (
      select
      from crm.contact_identities i
      where i.contact_id = p_heirs[d.ordinal] and i.workspace_id is not distinct from p_workspace_id
        and i.kind = d.kind and i.scope = d.scope and i.value <> d.value and not i.is_previous
      offset 0
    ) other
    where d.kind = any (crm_private.exclusive_kinds()) and p_heirs[d.ordinal] is not null)
    -- Merged away, or deleted, after it was chosen and before it was
    -- locked: what was claimed for it did not move with the rest.
    or exists (
      select
      from (select distinct h.id from unnest(p_heirs) h (id) where h.id is not null) h
      left join lateral (
        select true as is_there from crm.contacts c
        where c.workspace_id = p_workspace_id and c.id = h.id and c.merged_into_id is null offset 0
      ) c on true
      where c.is_there is null);
end;
$$;
comment on function crm_private.heirs_are_overtaken(uuid, crm_private.item_identity[], uuid[]) is
  'True when somebody else was faster with a contact, which the caller has locked by now: it was merged away or deleted,
or it has two ids of a kind that a person has only one of, one of them from this call.';
