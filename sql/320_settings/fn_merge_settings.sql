create function crm_private.merge_settings(p_belongs_to text, p_channel text, p_settings jsonb, p_changes jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_settings jsonb := p_settings;
  v_change record;
  v_type text;
  v_names text;
begin
  if p_changes is null then
    return p_settings;
  elsif jsonb_typeof(p_changes) <> 'object' then
    perform crm_private.reject_input('$', 'Settings are a JSON object: {"name": value}.');
  end if;
  for v_change in
    select c.key, c.value, '$.' || left(c.key, 256) as path, c.value = 'null' as is_removal
    from jsonb_each(p_changes) c
    order by c.key
  loop
    select s.type into v_type
    from crm_private.settings() s
    where s.belongs_to = p_belongs_to and (s.channel is null or s.channel = p_channel) and s.name = v_change.key;
    -- A key that is set and unknown was written by other means: it can be removed.
    if not found and not (v_change.is_removal and v_settings ? v_change.key) then
      select string_agg(s.name, ', ' order by s.name) into v_names
      from crm_private.settings() s
      where s.belongs_to = p_belongs_to and (s.channel is null or s.channel = p_channel);
      perform crm_private.reject_input(v_change.path, format('There is no such setting of a %s. There is: %s.',
        coalesce(p_channel || ' account', 'workspace'), coalesce(v_names, 'none')));
    end if;
    if v_change.is_removal then
      v_settings := v_settings - v_change.key;
    else
      v_settings := v_settings || jsonb_build_object(v_change.key,
        crm_private.setting_value(v_change.path, v_type, v_change.value));
    end if;
  end loop;
  return v_settings;
end;
$$;
comment on function crm_private.merge_settings(text, text, jsonb, jsonb) is
  'The settings with the changes, key by key: null removes one. Null for the changes: as they are.

p_belongs_to and p_channel: whose they are, as in settings(). PT400 invalid_input with the key.';
