create function crm.acquire_sync_lock(p_resource text, p_holder text, p_ttl interval default '5 minutes')
returns table (acquired boolean, token uuid, fencing_token bigint, expires_at timestamptz, held_by text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_lock crm.sync_locks;
  v_now timestamptz;
begin
  perform crm_private.check_lease_arguments(p_resource, p_ttl);
  if p_holder is null or btrim(p_holder) = '' or length(p_holder) > 200 then
    perform crm_private.reject_input('p_holder', 'A holder is a text of 1 to 200 characters.');
  end if;

  -- Only the deletion of its workspace removes a lock's row. The loop then inserts it again.
  loop
    select l.* into v_lock from crm.sync_locks l where l.resource = p_resource for no key update;
    exit when found;
    insert into crm.sync_locks (resource, workspace_id)
    values (p_resource, crm_private.workspace_of_resource(p_resource))
    on conflict (resource) do nothing;
  end loop;

  -- Read the clock under the row lock: a caller that waited for the row sees the current time.
  v_now := clock_timestamp();
  if v_lock.expires_at > v_now then
    return query select false, null::uuid, null::bigint, v_lock.expires_at, v_lock.holder;
    return;
  end if;

  return query
  update crm.sync_locks l set
    holder = p_holder,
    token = gen_random_uuid(),
    fencing_token = l.fencing_token + 1,
    workspace_id = coalesce(l.workspace_id, crm_private.workspace_of_resource(p_resource)),
    acquired_at = v_now,
    expires_at = v_now + p_ttl
  where l.resource = p_resource
  returning true, l.token, l.fencing_token, l.expires_at, l.holder;
end;
$$;
comment on function crm.acquire_sync_lock(text, text, interval) is
  'Takes the lock of a resource when it is free or its lease is over.

Returns one row. acquired: with a new token, a fencing token greater than every earlier one, and the end of the lease.
Not acquired: held_by and expires_at are those of the holder. The same holder cannot take the lock twice.
p_ttl: 1 second to 1 hour.
Errors: PT400 invalid_input.';
