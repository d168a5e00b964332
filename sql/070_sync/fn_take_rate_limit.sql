create function crm.take_rate_limit(p_bucket text, p_cost int default 1)
returns table (granted boolean, retry_after interval, retry_after_ms bigint)
language plpgsql
set search_path = ''
as $$
declare
  v_bucket crm.rate_limit_buckets := crm_private.rate_limit_bucket(p_bucket);
  v_wait interval;
begin
  if p_cost is null or p_cost < 1 or p_cost > v_bucket.capacity then
    perform crm_private.reject_input('p_cost', 'A cost is between 1 and the capacity of the bucket.');
  end if;
  -- Rounded up to a millisecond, so that a caller that comes back then finds enough.
  v_wait := greatest(
    make_interval(secs => (ceil((p_cost - v_bucket.tokens) / v_bucket.refill_per_second * 1000) / 1000)::float8),
    v_bucket.blocked_until - v_bucket.refilled_at);
  if v_wait > interval '0' then
    return query select false, v_wait, ceil(extract(epoch from v_wait) * 1000)::bigint;
    return;
  end if;
  update crm.rate_limit_buckets b set tokens = v_bucket.tokens - p_cost, refilled_at = v_bucket.refilled_at
  where b.bucket = p_bucket;
  return query select true, null::interval, null::bigint;
end;
$$;
comment on function crm.take_rate_limit(text, int) is
  'Takes p_cost tokens out of a bucket.

Returns granted. When not granted nothing is taken, and retry_after (also in milliseconds) is the time until there are
enough or the block ends. A bucket without its own limit holds 100 and gains 10 a second.
Errors: PT400 invalid_input, also for a cost above the capacity.';
