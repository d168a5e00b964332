create function crm.extend_sync_lock(p_resource text, p_token uuid, p_ttl interval default '5 minutes')
returns timestamptz
language plpgsql
set search_path = ''
as $$
declare
  v_lock crm.sync_locks;
  v_now timestamptz;
begin
  perform crm_private.check_lease_arguments(p_resource, p_ttl);
  select l.* into v_lock from crm.sync_locks l where l.resource = p_resource for no key update;
  v_now := clock_timestamp();
  if v_lock.token is distinct from p_token or p_token is null or v_lock.expires_at <= v_now then
    return null;
  end if;
  update crm.sync_locks l set expires_at = v_now + p_ttl where l.resource = p_resource;
  return v_now + p_ttl;
end;
$$;
comment on function crm.extend_sync_lock(text, uuid, interval) is
  'Lets the lease end p_ttl (1 second to 1 hour) from now.

Returns that time. Null when the lock is lost: taken, released, or over even when no other caller took it.
Errors: PT400 invalid_input.';
