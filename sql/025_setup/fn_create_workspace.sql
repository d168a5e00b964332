create function crm.create_workspace(p_slug text, p_name text, p_default_country text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_id uuid;
begin
  if p_slug is null or p_slug !~ '^[a-z0-9][a-z0-9-]{0,62}$' then
    perform crm_private.reject_input('p_slug', 'A slug is 1 to 63 lower-case letters, digits and hyphens.');
  end if;
  if coalesce(btrim(p_name), '') = '' then
    perform crm_private.reject_input('p_name', 'A workspace needs a name.');
  end if;
  perform crm.normalize_phone('', coalesce(p_default_country, '')); -- Refuses what has no telephone numbers.

  insert into crm.workspaces (slug, name, default_country)
  values (p_slug, btrim(p_name), p_default_country)
  on conflict (slug) do nothing
  returning id into v_id;

  if v_id is null then
    select w.id into strict v_id from crm.workspaces w where w.slug = p_slug;
  end if;
  return v_id;
end;
$$;
comment on function crm.create_workspace(text, text, text) is
  'The id of the workspace with this slug, created when there is none. An existing one stays as it is.

PT400 invalid_input.';
