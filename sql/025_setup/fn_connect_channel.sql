create function crm.connect_channel(p_workspace_id uuid, p_channel text, p_external_id text, p_display_name text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
begin
  if p_channel is null or p_channel <> all (crm_private.channels()) then
    perform crm_private.reject_input('p_channel',
      format('The channel is %s.', crm_private.one_of(crm_private.channels())));
  end if;
  if coalesce(btrim(p_external_id), '') = '' or length(p_external_id) > 256 then
    perform crm_private.reject_input('p_external_id', 'The provider''s account id is 1 to 256 characters.');
  end if;
  if coalesce(btrim(p_display_name), '') = '' then
    perform crm_private.reject_input('p_display_name', 'A channel account needs a display name.');
  end if;
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;

  insert into crm.channel_accounts (workspace_id, channel, external_id, display_name)
  values (p_workspace_id, p_channel, p_external_id, btrim(p_display_name))
  on conflict (channel, external_id) do nothing;

  select a.* into strict v_account
  from crm.channel_accounts a
  where a.channel = p_channel and a.external_id = p_external_id;

  if v_account.workspace_id <> p_workspace_id then
    raise exception using errcode = 'PT409', message = 'This account is connected to another workspace.',
      detail = jsonb_build_object('code', 'connected_elsewhere')::text,
      hint = 'A provider account belongs to one workspace.';
  end if;
  return v_account.id;
end;
$$;
comment on function crm.connect_channel(uuid, text, text, text) is
  'Connects a provider account to the workspace and returns the channel account''s id.

Calling it again changes nothing.

PT400 invalid_input, PT404 not_found, PT409 connected_elsewhere.';
