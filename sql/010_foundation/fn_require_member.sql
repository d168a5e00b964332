create function crm_private.require_member(p_workspace_id uuid, p_least_role text)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_role text;
begin
  -- Only authenticated and service_role can execute what calls this. The role setting survives security definer;
  -- a session without one (pg_cron, the SQL editor) is the owner's.
  if current_setting('role', true) is distinct from 'authenticated' then
    return;
  end if;

  if auth.uid() is null then
    raise exception using errcode = 'PT401', message = 'Sign in first.',
      detail = jsonb_build_object('code', 'unauthenticated')::text,
      hint = 'Send the user''s access token in the Authorization header.';
  end if;

  select m.role into v_role
  from crm.workspace_members m
  where m.workspace_id = p_workspace_id and m.user_id = auth.uid();

  if v_role is null
    or array_position(crm_private.roles(), v_role) < array_position(crm_private.roles(), p_least_role) then
    raise exception using errcode = 'PT403',
      message = format('This needs role %s or above in the workspace.', p_least_role),
      detail = jsonb_build_object('code', 'forbidden', 'needs', p_least_role)::text,
      hint = 'Ask an owner of the workspace for the role.';
  end if;
end;
$$;
comment on function crm_private.require_member(uuid, text) is
  'Returns when the caller is a member with at least the role, or is service_role or the database owner.

PT401 unauthenticated, PT403 forbidden.';
