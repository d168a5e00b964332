create function crm_private.sync_resource(p_channel text, p_external_id text, p_what text)
returns text
language sql
immutable
set search_path = ''
as $$
  select p_channel || ':' || p_external_id || ':' || p_what;
$$;
comment on function crm_private.sync_resource(text, text, text) is
  'Composes the resource of a channel account: <channel>:<external id>:<what>.

p_what holds no colon: channel_syncs() names it. parse_sync_resource is the inverse.';
