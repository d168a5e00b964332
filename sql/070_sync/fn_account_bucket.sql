create function crm_private.account_bucket(p_channel text, p_external_id text)
returns text
language sql
immutable
set search_path = ''
as $$
  select p_channel || ':' || p_external_id;
$$;
comment on function crm_private.account_bucket(text, text) is
  'Composes the name of a channel account''s rate limit bucket: <channel>:<external id>.

workspace_of_bucket is the inverse.';
