begin;
select plan(5);

select crm.set_rate_limit('pgtap', 10, 0.001);
select crm.block_rate_limit('pgtap', '20 minutes');
create temporary table denied as select * from crm.take_rate_limit('pgtap');
select is(d.granted, false, 'a blocked bucket gives nothing') from denied d;
select ok(d.retry_after between interval '19 minutes' and interval '20 minutes', 'before the block ends') from denied d;
update crm.rate_limit_buckets b set tokens = 0, refilled_at = clock_timestamp() where b.bucket = 'pgtap';
select ok(t.retry_after between interval '2.7 hours' and interval '2.8 hours', 'or later, where there are not enough then') from crm.take_rate_limit('pgtap', 10) t;
update crm.rate_limit_buckets b set tokens = 10, blocked_until = clock_timestamp() - interval '1 microsecond' where b.bucket = 'pgtap';
select is(t.granted, true, 'a block that is over holds nothing back') from crm.take_rate_limit('pgtap') t;
select is(t.granted, true, 'no other bucket is blocked') from crm.take_rate_limit('pgtap-other') t;

select * from finish();
rollback;
