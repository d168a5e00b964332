begin;
select plan(8);

select cmp_ok((select count(*)::int from crm_private.phone_plans p where p.country is not null), '>=', 245, 'every country has its plan');
select set_eq($$ select p.calling_code from crm_private.phone_plans p where p.country is null $$,
  array['800', '808', '870', '878', '881', '882', '883', '888', '979'], 'and so has every calling code of no country');
select is_empty($$
  select p.calling_code from crm_private.phone_plans p group by p.calling_code having min(p.ordinal) <> 1 or max(p.ordinal) <> count(*)
$$, 'the countries of a code are numbered from 1');
select lives_ok($$
  select ('1' ~ p.pattern, '1' ~ p.idd_pattern, regexp_replace('1', p.prefix_pattern, coalesce(p.prefix_transform, '')), '1' ~ p.leading_digits)
  from crm_private.phone_plans p
$$, 'every pattern of a plan compiles');
select lives_ok($$ select '1' ~ t.pattern from crm_private.phone_types t $$, 'and so does every pattern of a type');
select is_empty($$
  select p.country from crm_private.phone_plans p
  where left(p.pattern, 1) <> '^' or right(p.pattern, 1) <> '$' or left(p.idd_pattern, 1) <> '^'
    or left(p.prefix_pattern, 2) <> '^(' or left(p.leading_digits, 1) <> '^'
$$, 'each is tied to where the number begins');
select is((
    select format('%s %s', p.provolatile, p.proparallel) from pg_proc p where p.oid = 'crm.normalize_phone(text, text)'::regprocedure
  ), 's s', 'normalize_phone is stable and parallel safe');

create temporary table plans (line text);
do $$
declare
  v_line text;
begin
  for v_line in execute 'explain select p.* from crm_private.phone_plans p where p.country = ''CO''' loop
    insert into plans values (v_line);
  end loop;
  for v_line in execute 'explain select p.* from crm_private.phone_plans p where p.calling_code in (''5'', ''57'', ''573'') and p.ordinal = 1' loop
    insert into plans values (v_line);
  end loop;
end $$;
select is_empty($$ select p.line from plans p where p.line like '%Seq Scan%' $$, 'a plan is found by an index');

select * from finish();
rollback;
