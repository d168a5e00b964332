create function crm.cleanup_expired_locks()
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  -- Skip a lock whose row another transaction has: its holder may be extending it. The next call looks at it again.
  with expired as materialized (
    select l.resource
    from crm.sync_locks l
    where l.expires_at <= clock_timestamp()
    order by l.resource
    for no key update skip locked
  )
  update crm.sync_locks l set holder = null, token = null, acquired_at = null, expires_at = null
  from expired e
  where l.resource = e.resource;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function crm.cleanup_expired_locks() is
  'Marks the locks whose lease is over as free.

Returns how many. The rows stay, with their fencing tokens.';
