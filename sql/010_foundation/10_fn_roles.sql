create function crm_private.roles()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array['viewer', 'agent', 'admin', 'owner'];
$$;
comment on function crm_private.roles() is
  'The roles of a member, the least first: each has the rights of those before it.';
