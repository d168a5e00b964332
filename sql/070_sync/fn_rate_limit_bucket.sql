create function crm_private.rate_limit_bucket(p_bucket text)
returns crm.rate_limit_buckets
language plpgsql
set search_path = ''
as $$
declare
  v_bucket crm.rate_limit_buckets;
  v_now timestamptz;
begin
  if p_bucket is null or btrim(p_bucket) = '' or length(p_bucket) > 512 then
    perform crm_private.reject_input('p_bucket', 'A bucket is a text of 1 to 512 characters.');
  end if;
  loop
    select b.* into v_bucket from crm.rate_limit_buckets b where b.bucket = p_bucket for no key update;
    exit when found;
    insert into crm.rate_limit_buckets (bucket, workspace_id)
    values (p_bucket, crm_private.workspace_of_bucket(p_bucket))
    on conflict (bucket) do nothing;
  end loop;

  -- Read the clock under the row lock: a caller that waited for the row sees the current time.
  -- A clock that was put back takes no tokens away.
  v_now := greatest(clock_timestamp(), v_bucket.refilled_at);
  v_bucket.tokens := least(v_bucket.capacity,
    v_bucket.tokens + extract(epoch from v_now - v_bucket.refilled_at) * v_bucket.refill_per_second);
  v_bucket.refilled_at := v_now;
  return v_bucket;
end;
$$;
comment on function crm_private.rate_limit_bucket(text) is
  'The bucket with the tokens that it has now. A new bucket is inserted.

It stores no tokens: the caller does. No other transaction can change the bucket before this one ends.
Errors: PT400 invalid_input.';
