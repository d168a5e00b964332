create function crm_private.workspace_of_resource(p_resource text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_named record := crm_private.parse_sync_resource(p_resource);
begin
  return (
    select a.workspace_id
    from crm.channel_accounts a
    where a.channel = v_named.channel and a.external_id = v_named.external_id
  );
end;
$$;
comment on function crm_private.workspace_of_resource(text) is
  'The workspace of the channel account that a resource names. Null when it names none.';
