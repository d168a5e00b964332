create function crm_private.check_lease_arguments(p_resource text, p_ttl interval)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_resource is null or btrim(p_resource) = '' or length(p_resource) > 512 then
    perform crm_private.reject_input('p_resource', 'A resource is a text of 1 to 512 characters.');
  end if;
  if p_ttl is null or p_ttl < interval '1 second' or p_ttl > interval '1 hour' then
    perform crm_private.reject_input('p_ttl', 'A lease is between one second and one hour.');
  end if;
end;
$$;
comment on function crm_private.check_lease_arguments(text, interval) is
  'Returns when a lock may have this name and this time to live.

Errors: PT400 invalid_input.';
