create function crm_private.require_sync_lock(p_resource text, p_token uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_lock crm.sync_locks;
begin
  -- To the end of the transaction nobody can take the lock over, even when the lease ends meanwhile. Not `for share`: two writers
  -- that both went on to extend would wait for each other.
  select l.* into v_lock from crm.sync_locks l where l.resource = p_resource for no key update;
  if v_lock.token is distinct from p_token or p_token is null or v_lock.expires_at <= clock_timestamp() then
    raise exception using errcode = 'PT409', message = 'The lock is lost.',
      detail = jsonb_build_object('code', 'lock_lost', 'resource', p_resource)::text,
      hint = 'Take the lock again and resume from the last committed page.';
  end if;
end;
$$;
comment on function crm_private.require_sync_lock(text, uuid) is
  'Returns when the lock is held with this token, and keeps it so to the end of the transaction. PT409 lock_lost otherwise: another token, released, or the lease is over.';
