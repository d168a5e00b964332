-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.remove_member(p_workspace_id uuid, p_user_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform crm_private.require_member(p_workspace_id, 'owner');

  -- The workspace row is the lock that keeps two owners from demoting or removing each other.
  perform from crm.workspaces w where w.id = p_workspace_id for no key update;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'workspace')::text,
      hint = 'Create it with create_workspace.';
  end if;
  -- A mistyped id must not look like a person who has lost access.
  if not exists (
    select from crm.workspace_members m where m.workspace_id = p_workspace_id and m.user_id = p_user_id) then
    raise exception using errcode = 'PT404', message = 'This user is no member of the workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'member')::text,
      hint = 'workspace_members lists who is. After a repeated call: the first one removed the member.';
  end if;
  if exists (
      select from crm.workspace_members m
      where m.workspace_id = p_workspace_id and m.user_id = p_user_id and m.role = 'owner')
    and not exists (
      select from crm.workspace_members m
      where m.workspace_id = p_workspace_id and m.user_id <> p_user_id and m.role = 'owner') then
    raise exception using errcode = 'PT409', message = 'This is the workspace''s last owner.',
      detail = jsonb_build_object('code', 'last_owner')::text,
      hint = 'Make somebody else an owner first.';
  end if;

  delete from crm.workspace_members m where m.workspace_id = p_workspace_id and m.user_id = p_user_id;
end;
$$;
comment on function crm.remove_member(uuid, uuid) is
  'Takes the user''s role in the workspace away: at once, also from signed-in sessions. For owners.

The user stays; what they did stays. An owner may leave while another one stays.
PT401, PT403 forbidden, PT404 not_found (also: the user is no member), PT409 last_owner.';
