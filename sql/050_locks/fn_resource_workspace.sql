create function crm_private.resource_workspace(p_resource text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select a.workspace_id
    from regexp_match(p_resource, '^([a-z0-9]+):(.+):[^:]+$') m (part)
    join crm.channel_accounts a on a.channel = m.part[1] and a.external_id = m.part[2]
  );
end;
$$;
comment on function crm_private.resource_workspace(text) is
  'The workspace of the account that a resource <channel>:<external id>:<what> names; null when it names none.';
