-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.add_member(p_workspace_id uuid, p_user_id uuid, p_role text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform crm_private.require_member(p_workspace_id, 'owner');

  if p_role is null or p_role <> all (crm_private.roles()) then
    perform crm_private.reject_input('p_role', format('A role is %s.', crm_private.one_of(crm_private.roles())));
  end if;
  -- The workspace row is the lock that keeps two owners from demoting or removing each other.
  perform from crm.workspaces w where w.id = p_workspace_id for no key update;
  if not found then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;
  if not exists (select from auth.users u where u.id = p_user_id) then
    perform crm_private.raise_not_found('user', 'There is no such user.',
      'Invite the user through Supabase Auth first.');
  end if;
  if p_role <> 'owner'
    and exists (
      select from crm.workspace_members m
      where m.workspace_id = p_workspace_id and m.user_id = p_user_id and m.role = 'owner')
    and not exists (
      select from crm.workspace_members m
      where m.workspace_id = p_workspace_id and m.user_id <> p_user_id and m.role = 'owner') then
    raise exception using errcode = 'PT409', message = 'This is the workspace''s last owner.',
      detail = jsonb_build_object('code', 'last_owner')::text,
      hint = 'Make somebody else an owner first.';
  end if;

  insert into crm.workspace_members as m (workspace_id, user_id, role)
  values (p_workspace_id, p_user_id, p_role)
  on conflict (workspace_id, user_id) do update set role = excluded.role
  where m.role <> excluded.role;
end;
$$;
comment on function crm.add_member(uuid, uuid, text) is
  'Makes the user a member with the role, or changes the member''s role. For owners.

PT400 invalid_input, PT401, PT403 forbidden, PT404 not_found, PT409 last_owner.';
