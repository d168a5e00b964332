create function crm_private.heirs_have_two_ids(p_workspace_id uuid, p_unowned crm_private.item_identity[], p_heirs uuid[])
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
    where d.kind in ('psid', 'b2chat_id', 'identification') and p_heirs[d.ordinal] is not null);
end;
$$;
comment on function crm_private.heirs_have_two_ids(uuid, crm_private.item_identity[], uuid[]) is
  'True when a contact, which the caller has locked, has by now two ids of a kind that a person has only one of, one of them from this call: somebody else was faster.';
