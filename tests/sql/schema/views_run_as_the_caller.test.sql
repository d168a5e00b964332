begin;
select plan(2);

select cmp_ok(
  (select count(*)::int from pg_class c where c.relnamespace = 'crm'::regnamespace and c.relkind = 'v'), '>=', 4, 'schema crm has its views');

select is_empty($$
  select c.relname
  from pg_class c
  where c.relnamespace in ('crm'::regnamespace, 'crm_private'::regnamespace) and c.relkind in ('v', 'm')
    and not coalesce(c.reloptions, '{}') && array['security_invoker=true', 'security_invoker=on']
$$, 'I22: every view reads with the rights of whoever asks');

select * from finish();
rollback;
