create function crm.block_rate_limit(p_bucket text, p_for interval)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_for is null or p_for <= interval '0' or p_for > interval '7 days' then
    perform crm_private.reject_input('p_for', 'A block is more than nothing and at most 7 days long.');
  end if;
  perform crm_private.rate_limit_bucket(p_bucket);
  update crm.rate_limit_buckets b set blocked_until = clock_timestamp() + p_for
  where b.bucket = p_bucket and (b.blocked_until is null or b.blocked_until < clock_timestamp() + p_for);
end;
$$;
comment on function crm.block_rate_limit(text, interval) is
  'Lets a bucket grant nothing from now on for this long (at most 7 days), because the provider said so.

A block that ends later stays.
Errors: PT400 invalid_input.';
