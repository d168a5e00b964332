-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.update_channel_account(
  p_channel_account_id uuid,
  p_settings jsonb default '{}',
  p_display_name text default null,
  p_is_active boolean default null,
  p_workspace_id uuid default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_before crm.channel_accounts;
  v_after crm.channel_accounts;
begin
  select a.workspace_id into v_workspace_id
  from crm.channel_accounts a
  where a.id = p_channel_account_id and a.workspace_id = coalesce(p_workspace_id, a.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'admin');

  -- A call that changes another key at the same time waits here, and reads what this one changed.
  select a.* into v_before
  from crm.channel_accounts a
  where a.id = p_channel_account_id and a.workspace_id = v_workspace_id
  for no key update;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such channel account.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'channel_account')::text,
      hint = 'Connect it with connect_channel.';
  end if;
  v_after := v_before;
  v_after.settings := crm_private.merge_settings('channel_account', v_before.channel, v_before.settings, p_settings);
  v_after.display_name := coalesce(crm_private.display_name('p_display_name', p_display_name), v_before.display_name);
  v_after.is_active := coalesce(p_is_active, v_before.is_active);

  if v_after is distinct from v_before then
    perform crm_private.refuse_if_in_use('business_id', crm_private.count_ids_under_business_id(v_before, v_after));
    perform crm_private.refuse_if_in_use('shared_contact_ids',
      crm_private.count_ids_under_shared_contact_ids(v_before, v_after));
    update crm.channel_accounts a set
      settings = v_after.settings, display_name = v_after.display_name, is_active = v_after.is_active
    where a.id = p_channel_account_id;
  end if;
  return v_after.settings;
end;
$$;
comment on function crm.update_channel_account(uuid, jsonb, text, boolean, uuid) is
  'Changes settings of the account key by key, its name and whether it is active; returns all settings then.

p_settings: {name: value} of those to change, null for a value removes it; docs/operations.md lists them. An argument
that is null changes nothing, and a call that changes nothing writes nothing. For admins.
PT400 invalid_input (an unknown setting or a wrong value, with its path), PT401, PT403, PT404 not_found,
PT409 setting_in_use (one that ids were stored under).';
