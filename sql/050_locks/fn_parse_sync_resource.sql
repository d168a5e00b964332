create function crm_private.parse_sync_resource(
  p_resource text,
  out channel text,
  out external_id text,
  out what text
)
language plpgsql
immutable
set search_path = ''
as $$
declare
  -- An external id may hold colons, so the first and the last colon of the resource decide.
  v_parts text[] := regexp_match(p_resource, '^([^:]+):(.+):([^:]+)$');
begin
  channel := v_parts[1];
  external_id := v_parts[2];
  what := v_parts[3];
end;
$$;
comment on function crm_private.parse_sync_resource(text) is
  'Splits a resource <channel>:<external id>:<what> into its parts.

Returns nulls when the text has another form. sync_resource is the inverse.';
