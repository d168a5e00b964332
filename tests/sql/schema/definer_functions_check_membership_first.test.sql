begin;
select plan(3);

create temporary view definer_functions as
select p.oid, p.pronamespace::regnamespace::text as schema, p.proname, p.prosrc
from pg_proc p
where p.pronamespace in ('crm'::regnamespace, 'crm_private'::regnamespace) and p.prosecdef;

select set_eq($$
  select d.schema || '.' || d.proname from definer_functions d
$$, $$
  select 'crm.' || m.name from tests.member_functions() m union all select 'crm_private.member_workspace_ids'
$$, 'I22: security definer is exactly what members may call');

select is_empty($$
  select d.oid::regprocedure
  from definer_functions d
  where d.schema = 'crm'
    and d.prosrc !~ 'perform crm_private[.]require_member\('
$$, 'I22: each of them checks the membership');

select is_empty($$
  select d.oid::regprocedure
  from definer_functions d
  where d.schema = 'crm'
    and substring(d.prosrc from '^(.*?)perform crm_private[.]require_member\(') ~* '\m(insert|update|delete|raise|return|crm_private)\M'
$$, 'I22: and before that nothing but looks up whose row it is');

select * from finish();
rollback;
