create function crm_private.take_sync_lock(
  p_resource text,
  p_holder text,
  out token uuid,
  out fencing_token bigint,
  out expires_at timestamptz
)
language plpgsql
set search_path = ''
as $$
declare
  v_lock record;
begin
  -- A holder keeps the row while it commits a page. Read first, so that a refusal does not wait for that.
  select false as acquired, l.holder as held_by, l.expires_at into v_lock
  from crm.sync_locks l
  where l.resource = p_resource and l.expires_at > clock_timestamp();
  if not found then
    select l.* into v_lock from crm.acquire_sync_lock(p_resource, p_holder) l;
  end if;
  if not v_lock.acquired then
    raise exception using errcode = 'PT409', message = 'Another sync of the resource is running.',
      detail = jsonb_build_object('code', 'lock_held', 'resource', p_resource, 'held_by', v_lock.held_by,
        'expires_at', v_lock.expires_at)::text,
      hint = 'Wait until it has finished, or until its lease is over.';
  end if;
  token := v_lock.token;
  fencing_token := v_lock.fencing_token;
  expires_at := v_lock.expires_at;
end;
$$;
comment on function crm_private.take_sync_lock(text, text) is
  'Takes the lock of a resource for 5 minutes.

Returns its token, its fencing token and the end of the lease.
Errors: PT400 invalid_input, PT409 lock_held with held_by and expires_at.';
