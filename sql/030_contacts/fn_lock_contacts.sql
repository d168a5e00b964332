create function crm_private.lock_contacts(p_workspace_id uuid, p_owned crm_private.item_owner[], p_for_update boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- One look-up per contact, in id order: the order is the plan's, and so is the index, whatever the statistics say.
  if p_for_update then
    perform l.id
    from (select distinct o.contact_id from unnest(p_owned) o order by o.contact_id) i
    cross join lateral (
      select c.id from crm.contacts c where c.workspace_id = p_workspace_id and c.id = i.contact_id
      for no key update
    ) l;
  else
    perform l.id
    from (select distinct o.contact_id from unnest(p_owned) o order by o.contact_id) i
    cross join lateral (
      select c.id from crm.contacts c where c.workspace_id = p_workspace_id and c.id = i.contact_id
      for share
    ) l;
  end if;
end;
$$;
comment on function crm_private.lock_contacts(uuid, crm_private.item_owner[], boolean) is
  'Locks the owners that have a row, in id order: for no key update when their fields may change, else for share, so
that no merge takes them away meanwhile.';
