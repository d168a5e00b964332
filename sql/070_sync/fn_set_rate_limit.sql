create function crm.set_rate_limit(p_bucket text, p_capacity int, p_refill_per_second numeric)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_is_new boolean;
  v_bucket crm.rate_limit_buckets;
begin
  if p_capacity is null or p_capacity not between 1 and 1000000 then
    perform crm_private.reject_input('p_capacity', 'A capacity is between 1 and 1,000,000.');
  end if;
  if p_refill_per_second is null or p_refill_per_second > 1000000 or round(p_refill_per_second, 6) <= 0 then
    perform crm_private.reject_input(
      'p_refill_per_second', 'A refill is more than 0 and at most 1,000,000 a second, to 6 places.');
  end if;
  v_is_new := not exists (select from crm.rate_limit_buckets b where b.bucket = p_bucket);
  v_bucket := crm_private.rate_limit_bucket(p_bucket);
  update crm.rate_limit_buckets b set
    capacity = p_capacity,
    refill_per_second = p_refill_per_second,
    tokens = case when v_is_new then p_capacity else least(v_bucket.tokens, p_capacity) end,
    refilled_at = v_bucket.refilled_at
  where b.bucket = p_bucket
    and (b.capacity, b.refill_per_second) is distinct from (p_capacity, round(p_refill_per_second, 6));
end;
$$;
comment on function crm.set_rate_limit(text, int, numeric) is
  'Sets what a bucket holds (1 to 1,000,000) and how many tokens it gains a second.

The bucket keeps its tokens, up to the new capacity. A new bucket begins full.
Errors: PT400 invalid_input.';
