begin;
select plan(16);

create function pg_temp.bucket() returns table (capacity int, refill numeric, tokens numeric) language sql as $$
  select b.capacity, b.refill_per_second, b.tokens from crm.rate_limit_buckets b where b.bucket = 'pgtap'
$$;
select crm.set_rate_limit('pgtap', 20, 0.0001);
select is((b.capacity, b.refill, b.tokens), (20, 0.0001, 20::numeric), 'a new bucket begins full') from pg_temp.bucket() b;
select crm.take_rate_limit('pgtap', 5);
select crm.set_rate_limit('pgtap', 50, 0.0001);
select is((b.capacity, round(b.tokens, 1)), (50, 15.0), 'a greater one gets no tokens for that') from pg_temp.bucket() b;
select crm.set_rate_limit('pgtap', 10, 0.0001);
select is((b.capacity, b.tokens), (10, 10::numeric), 'a smaller one holds no more than it can') from pg_temp.bucket() b;

select crm.take_rate_limit('pgtap', 10);
update crm.rate_limit_buckets b set refilled_at = b.refilled_at - interval '10000 seconds' where b.bucket = 'pgtap';
select crm.set_rate_limit('pgtap', 10, 1000);
select is(round(b.tokens, 1), 1.0, 'what came so far came at the old rate') from pg_temp.bucket() b;
select tests.writes_nothing($$ select crm.set_rate_limit('pgtap', 10, 1000) $$, 'the same again writes nothing');

select tests.throws_code(format('select crm.set_rate_limit(%s)', b.arguments), 'PT400', 'invalid_input', b.name)
from (values ('a capacity of nothing', '''pgtap'', 0, 1')) b (name, arguments);
select tests.throws_code(format('select crm.set_rate_limit(%s, %L, %L)', b.bucket, b.capacity, b.refill), 'PT400', 'invalid_input',
  format('nor is this in range: %s, %s, %s', b.bucket, b.capacity, b.refill))
from (values
  ('null', 1, 1::numeric), ('''pgtap''', null, 1), ('''pgtap''', 1000001, 1), ('''pgtap''', 1, null), ('''pgtap''', 1, 0), ('''pgtap''', 1, -1), ('''pgtap''', 1, 0.0000001),
  ('''pgtap''', 1, 1000001), ('''pgtap''', 1, 'NaN'), ('''pgtap''', 1, 'Infinity')
) b (bucket, capacity, refill);

select * from finish();
rollback;
