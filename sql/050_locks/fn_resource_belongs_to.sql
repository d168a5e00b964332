create function crm_private.resource_belongs_to(p_resource text, p_channel text, p_external_id text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_named record := crm_private.parse_sync_resource(p_resource);
begin
  return (v_named.channel = p_channel and v_named.external_id = p_external_id) is true;
end;
$$;
comment on function crm_private.resource_belongs_to(text, text, text) is
  'Whether a resource is one of this channel account, whatever its last part is.';
