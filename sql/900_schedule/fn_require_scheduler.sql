create function crm_private.require_scheduler(p_extensions text[])
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_extension text;
begin
  -- pg_class shows the relations of a schema also to a role without usage on it.
  select e.name into v_extension
  from (values
    ('pg_cron', 'cron', 'job'),
    ('pg_net', 'net', 'http_request_queue'),
    ('supabase_vault', 'vault', 'decrypted_secrets')
  ) e (name, schema, relation)
  where e.name = any (p_extensions) and not exists (
    select from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = e.schema and c.relname = e.relation)
  order by e.name
  limit 1;
  if v_extension is not null then
    raise exception using errcode = 'PT400', message = format('The extension %s is not enabled.', v_extension),
      detail = jsonb_build_object('code', 'missing_extension', 'extension', v_extension)::text,
      hint = format(
        'Enable it in the dashboard under Database, Extensions, or as the owner: create extension %s.', v_extension);
  end if;

  if not has_schema_privilege('cron', 'usage') then
    raise exception using errcode = 'PT403', message = 'Jobs are scheduled by the owner of the database.',
      detail = jsonb_build_object('code', 'forbidden', 'needs', 'postgres')::text,
      hint = 'Call this in the SQL editor, or on a connection of role postgres.';
  end if;
end;
$$;
comment on function crm_private.require_scheduler(text[]) is
  'Returns when these of pg_cron, pg_net and supabase_vault are enabled, and the caller may schedule jobs.

Errors: PT400 missing_extension with the extension, PT403 forbidden.';
