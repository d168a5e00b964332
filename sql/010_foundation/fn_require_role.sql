-- Security definer: a member's functions are; the first act is the membership check.
create function crm.require_role(p_workspace_id uuid, p_least_role text)
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform crm_private.require_member(p_workspace_id, p_least_role);
  if p_least_role is null or p_least_role <> all (crm_private.roles()) then
    perform crm_private.reject_input('p_least_role', format('A role is %s.', crm_private.one_of(crm_private.roles())));
  end if;
end;
$$;
comment on function crm.require_role(uuid, text) is
  'Returns when the caller has at least this role in the workspace, or is service_role.

For functions that act for a member with the backend''s rights. PT400 invalid_input for another role, PT401, PT403.';
