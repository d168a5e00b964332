begin;
select plan(1);

select is_empty($$
  select p.oid::regprocedure
  from pg_proc p
  where p.pronamespace in ('crm'::regnamespace, 'crm_private'::regnamespace)
    and not coalesce(p.proconfig, '{}') @> array['search_path=""']
$$, 'I22: every function has search_path set to nothing');

select * from finish();
rollback;
