begin;
select plan(1);

select is_empty($$
  select c.relname
  from pg_class c
  where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p')
    and not exists (select from pg_index x where x.indrelid = c.oid and x.indisprimary)
$$, 'every table has a primary key');

select * from finish();
rollback;
