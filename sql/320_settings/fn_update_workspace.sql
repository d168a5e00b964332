-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.update_workspace(
  p_workspace_id uuid,
  p_settings jsonb,
  p_name text default null,
  p_default_country text default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_before crm.workspaces;
  v_after crm.workspaces;
begin
  perform crm_private.require_member(p_workspace_id, 'admin');

  -- A call that changes another key at the same time waits here, and reads what this one changed.
  select w.* into v_before from crm.workspaces w where w.id = p_workspace_id for no key update;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'workspace')::text,
      hint = 'Create it with create_workspace.';
  end if;
  perform crm.normalize_phone('', p_default_country); -- Refuses what has no telephone numbers.
  v_after := v_before;
  v_after.settings := crm_private.merge_settings('workspace', null, v_before.settings, p_settings);
  v_after.name := coalesce(crm_private.display_name('p_name', p_name), v_before.name);
  v_after.default_country := coalesce(p_default_country, v_before.default_country);

  if v_after is distinct from v_before then
    perform crm_private.refuse_if_in_use('default_country',
      crm_private.count_ids_under_default_country(v_before, v_after));
    update crm.workspaces w set
      settings = v_after.settings, name = v_after.name, default_country = v_after.default_country
    where w.id = p_workspace_id;
  end if;
  return v_after.settings;
end;
$$;
comment on function crm.update_workspace(uuid, jsonb, text, text) is
  'Changes settings of the workspace key by key, its name and its default country; returns all settings then.

p_settings: {name: value} of those to change, null for a value removes it; docs/operations.md lists them. An argument
that is null changes nothing, and a call that changes nothing writes nothing. For admins.
PT400 invalid_input (an unknown setting or a wrong value, with its path), PT401, PT403, PT404 not_found,
PT409 setting_in_use (the default country, once numbers were read in it).';
