begin;
select plan(4);

create temporary view functions as
select p.oid, p.pronamespace::regnamespace::text as schema, p.proname, p.proacl, p.proowner
from pg_proc p
where p.pronamespace in ('crm'::regnamespace, 'crm_private'::regnamespace);

select cmp_ok((select count(*)::int from functions), '>=', 60, 'the schemas have their functions');

select is_empty($$
  select f.oid::regprocedure
  from functions f
  where exists (select from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a where a.grantee = 0)
    or has_function_privilege('anon', f.oid, 'execute')
$$, 'I22: neither public nor anon may execute any function');

select set_eq($$
  select f.schema || '.' || f.proname from functions f where has_function_privilege('authenticated', f.oid, 'execute')
$$, $$
  select 'crm.' || m.name from tests.member_functions() m
  union all select 'crm_private.member_workspace_ids'
  union all select 'crm.schema_version'
$$, 'I22: members may execute exactly what is meant for them');

select is_empty($$
  select f.oid::regprocedure from functions f where not has_function_privilege('service_role', f.oid, 'execute')
$$, 'service_role may execute every function');

select * from finish();
rollback;
