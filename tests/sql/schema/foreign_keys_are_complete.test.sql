-- I8: no reference is broken, because none can be.
begin;
select plan(4);

create temporary view foreign_keys as
select f.*, c.relname, (
    select array_agg(array[a.attname::text, b.attname::text])
    from unnest(f.conkey, f.confkey) k (here, there)
    join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.here
    join pg_attribute b on b.attrelid = f.confrelid and b.attnum = k.there) as pairs
from pg_constraint f
join pg_class c on c.oid = f.conrelid
where f.contype = 'f' and c.relnamespace = 'crm'::regnamespace;

select is_empty($$
  select f.relname, f.conname from foreign_keys f where not f.convalidated
$$, 'I8: every foreign key is validated');

-- But for the thread that conversation_merges names as merged away: it has no row any more.
select set_eq($$
  select c.relname::text, a.attname::text
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p')
    and a.atttypid = 'uuid'::regtype and a.attname like '%\_id'
    and not exists (select from foreign_keys f where f.conrelid = c.oid and a.attnum = any (f.conkey))
$$, $$ values ('conversation_merges', 'duplicate_id') $$, 'I8: every column that names a row has its foreign key');

select is_empty($$
  select f.relname, f.conname
  from foreign_keys f
  where f.confrelid in (select c.oid from pg_class c where c.relnamespace = 'crm'::regnamespace)
    and not exists (
      select from generate_subscripts(f.pairs, 1) p (i)
      where f.pairs[p.i][1] = 'workspace_id'
        and f.pairs[p.i][2] = case when f.confrelid = 'crm.workspaces'::regclass then 'id' else 'workspace_id' end)
$$, 'I8: every foreign key inside the schema stays inside the workspace');

select is_empty($$
  select f.relname, f.conname
  from foreign_keys f
  where f.confdeltype in ('n', 'd')
    and (f.confdelsetcols is null
      or exists (
        select from unnest(f.confdelsetcols) d (attnum)
        join pg_attribute a on a.attrelid = f.conrelid and a.attnum = d.attnum
        where a.attname = 'workspace_id'))
$$, 'I8: on delete set null names its column, which is never workspace_id');

select * from finish();
rollback;
