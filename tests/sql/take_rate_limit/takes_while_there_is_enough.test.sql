begin;
select plan(10);

select tests.create_acme();
select is((t.granted, t.retry_after, t.retry_after_ms), (true, null::interval, null::bigint), 'a bucket nobody has set gives at once') from crm.take_rate_limit('messenger:pgtap-page') t;
select is((b.capacity, b.refill_per_second, b.tokens, b.workspace_id), (100, 10::numeric, 99::numeric, tests.workspace_id()), 'it holds 100, gets 10 a second and belongs to its account''s workspace')
from crm.rate_limit_buckets b where b.bucket = 'messenger:pgtap-page';

-- One token in a quarter of an hour: no test is so slow that it sees one come.
select crm.set_rate_limit('pgtap', 10, 0.00112);
select is((select t.granted from crm.take_rate_limit('pgtap', 8) t), true, 'eight of ten');
create temporary table denied as select * from crm.take_rate_limit('pgtap', 3);
select is(d.granted, false, 'three of two') from denied d;
select ok(d.retry_after between interval '14 minutes' and interval '15 minutes', 'when the third will be there') from denied d;
select is(d.retry_after_ms, (extract(epoch from d.retry_after) * 1000)::bigint, 'in milliseconds too') from denied d;
select is((select t.granted from crm.take_rate_limit('pgtap', 2) t), true, 'and nothing was taken: two are still there');

update crm.rate_limit_buckets b set refilled_at = b.refilled_at - interval '30 minutes' where b.bucket = 'pgtap';
select is((select array_agg(t.granted) from generate_series(1, 3) n, crm.take_rate_limit('pgtap', sign(n)::int) t), '{true,true,false}', 'half an hour brings two');
update crm.rate_limit_buckets b set refilled_at = b.refilled_at - interval '1 year' where b.bucket = 'pgtap';
select is((select array_agg(t.granted) from generate_series(9, 10) n, crm.take_rate_limit('pgtap', n) t), '{true,false}', 'a year no more than it can hold');
update crm.rate_limit_buckets b set refilled_at = clock_timestamp() + interval '1 hour' where b.bucket = 'pgtap';
select is((select t.granted from crm.take_rate_limit('pgtap', 1) t), true, 'a clock that was put back takes nothing away');

select * from finish();
rollback;
