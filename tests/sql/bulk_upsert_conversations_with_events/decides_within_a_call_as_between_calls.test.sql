-- I2, I3: slicing a page differently must not matter.
begin;
select plan(4);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)));
create temporary table items as
select * from (values
  (1, tests.item(tests.person('{psid:P1}', '{"full_name": "Beta", "city": "Cali"}'), tests.said('m1', 5))),
  (2, tests.item(tests.person('{psid:P1}', '{"full_name": "Alfa"}'), tests.said('m2', 5), tests.status('m3', 'read', 5))),
  (3, tests.item(tests.person('{psid:P1}', '{"full_name": "Zeta"}'), tests.sent('m3', 4))),
  (4, tests.item(tests.person('{psid:P1,phone:+573001112233}'), tests.said('m1', 5, 'Hola, ¿están?'), tests.happened('edit', 6, 'm2', '{"num_edit": 1, "text": "x"}'), tests.watermark('delivery', 5)))
) i (place, item);
create temporary table tried as
select w.name, t.state, t.holds
from (
  select 'one call' as name, array[jsonb_agg(i.item order by i.place)] as deliveries from items i
  union all
  select 'one call, backwards', array[jsonb_agg(i.item order by i.place desc)] from items i
  union all
  select 'two calls', array[jsonb_agg(i.item order by i.place) filter (where i.place > 2), jsonb_agg(i.item order by i.place) filter (where i.place <= 2)] from items i
  union all
  select 'four calls', array_agg(i.item order by i.place) from items i
) w
cross join lateral tests.try_order('pgtap-page', w.deliveries, array(select * from generate_series(1, cardinality(w.deliveries))),
  $$ (tests.contact('phone:+573001112233')).full_name = 'Beta' and (tests.message('m3')).status = 'read' and (tests.message('m2')).body = 'x' $$) t;
select is(t.state, (select f.state from tried f where f.name = 'four calls'), t.name || ' ends as four calls do') from tried t where t.name <> 'four calls';
select is((select bool_and(t.holds) from tried t), true, 'the newest and greatest values are kept');

select * from finish();
rollback;
