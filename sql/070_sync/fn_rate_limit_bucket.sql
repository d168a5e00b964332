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
    insert into crm.rate_limit_buckets (bucket, workspace_id) values (p_bucket, crm_private.resource_workspace(p_bucket || ':requests'))
    on conflict (bucket) do nothing;
  end loop;

  -- Read under the lock: whoever waited for it sees what time it is now. A clock that was put back takes nothing away.
  v_now := greatest(clock_timestamp(), v_bucket.refilled_at);
  v_bucket.tokens := least(v_bucket.capacity,
    v_bucket.tokens + extract(epoch from v_now - v_bucket.refilled_at) * v_bucket.refill_per_second);
  v_bucket.refilled_at := v_now;
  return v_bucket;
end;
$$;
comment on function crm_private.rate_limit_bucket(text) is
  'The bucket, made when it is new, with the tokens it has by now; nobody else can change it to the end of the transaction. Nothing of it is stored. PT400 invalid_input.';
