begin;
select plan(4);

select tests.create_acme();
create temporary table checks as
select c.oid, c.relname, substr(c.relname, length('health_') + 1) as name
from pg_class c
where c.relnamespace = 'crm'::regnamespace and c.relkind = 'v' and c.relname like 'health\_%';
select isnt_empty('select from checks', 'there are checks, each a view of its own');

select is_empty($$
  select c.relname, a.columns
  from checks c
  cross join lateral (
    select array_agg(a.attname::text order by a.attnum) as columns from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
  ) a
  where a.columns <> '{workspace_id,check,subject,ok,detail,severity,title,remedy}'
$$, 'each has the columns of the contract, in this order');

select set_eq($$ select h."check" from crm.sync_health h where h.workspace_id = tests.workspace_id() $$,
  $$ select c.name from checks c $$, 'sync_health asks each of them, and no other');

select is_empty($$
  select distinct h."check", h.severity, h.title, h.remedy
  from crm.sync_health h
  where h.severity not in ('critical', 'warning', 'info') or h.title = '' or h.title ~ '[.\n]' or h.remedy !~ '^[^\n]+[.]$'
$$, 'severity is one of three, title one line, remedy one or two sentences');

select * from finish();
rollback;
