create function crm.release_sync_lock(p_resource text, p_token uuid)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_lock crm.sync_locks;
begin
  select l.* into v_lock
  from crm.sync_locks l
  where l.resource = p_resource and l.token = p_token
  for no key update;
  if not found then
    return false;
  end if;
  update crm.sync_locks l set holder = null, token = null, acquired_at = null, expires_at = null
  where l.resource = p_resource;
  return v_lock.expires_at > clock_timestamp();
end;
$$;
comment on function crm.release_sync_lock(text, uuid) is
  'Gives a lock back.

Returns true when the caller held it with this token, false when it was already lost.';
