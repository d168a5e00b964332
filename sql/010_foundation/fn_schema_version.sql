create function crm.schema_version()
returns text
language sql
immutable
set search_path = ''
as $$
  select '0.1.0'::text;
$$;
comment on function crm.schema_version() is
  'The version of the schema that is installed: that of the release, such as 0.1.0.

A client compares it with its own version. It tells nothing of a tenant: every signed-in user may call it.';
