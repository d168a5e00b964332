-- I8: the schema can be distributed by workspace.
begin;
select plan(4);

select cmp_ok(
  (select count(*)::int from pg_class c where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p')), '>=', 13,
  'schema crm has its tables');

create temporary table exempt as
select * from unnest(array['workspaces', 'channel_accounts', 'sync_locks', 'rate_limit_buckets', 'blocked_identity_values', 'dead_letters']) e (name);

select is_empty($$
  select c.relname
  from pg_class c
  where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'workspaces'
    and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id')
$$, 'I8: every table but workspaces has a workspace_id');

select is_empty($$
  select c.relname
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id'
  where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p') and not a.attnotnull
    and c.relname not in (select e.name from exempt e)
$$, 'I8: workspace_id is never null outside the exempt tables');

select is_empty($$
  select x.indexrelid::regclass
  from pg_index x
  join pg_class c on c.oid = x.indrelid
  join pg_attribute a on a.attrelid = c.oid and a.attnum = x.indkey[0]
  where c.relnamespace = 'crm'::regnamespace and x.indisunique and a.attname <> 'workspace_id'
    and c.relname not in (select e.name from exempt e)
$$, 'I8: every primary and unique key starts with workspace_id');

select * from finish();
rollback;
