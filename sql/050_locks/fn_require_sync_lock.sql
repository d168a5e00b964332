create function crm_private.require_sync_lock(p_resource text, p_token uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_lock crm.sync_locks;
begin
  -- The row lock keeps others from taking over until the transaction ends, even when the lease ends before that.
  -- `for share` would let two writers in, which then wait for each other to extend the lease.
  select l.* into v_lock from crm.sync_locks l where l.resource = p_resource for no key update;
  if v_lock.token is distinct from p_token or p_token is null or v_lock.expires_at <= clock_timestamp() then
    raise exception using errcode = 'PT409', message = 'The lock is lost.',
      detail = jsonb_build_object('code', 'lock_lost', 'resource', p_resource)::text,
      hint = 'Take the lock again and resume from the last committed page.';
  end if;
end;
$$;
comment on function crm_private.require_sync_lock(text, uuid) is
  'Returns when the lock is held with this token.

No other caller can take it before the transaction ends.
Errors: PT409 lock_lost for another token, a released lock, or a lease that is over.';
