create function crm_private.is_resource_of(p_resource text, p_channel text, p_external_id text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return starts_with(p_resource, p_channel || ':' || p_external_id || ':')
    and substr(p_resource, length(p_channel || ':' || p_external_id || ':') + 1) ~ '^[^:]+$';
end;
$$;
comment on function crm_private.is_resource_of(text, text, text) is 'Whether a resource is <channel>:<external id>:<what> of this account; there is no colon in what.';
