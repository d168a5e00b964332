begin;
select plan(8);

create function pg_temp.blocked_for(p_for interval) returns interval language sql as $$
  select crm.block_rate_limit('pgtap', p_for);
  select date_trunc('minute', b.blocked_until - clock_timestamp() + interval '30 seconds') from crm.rate_limit_buckets b where b.bucket = 'pgtap';
$$;
select is(pg_temp.blocked_for('10 minutes'), '10 minutes', 'blocked as long as asked');
select is(pg_temp.blocked_for('5 minutes'), '10 minutes', 'a shorter block ends no longer one');
select is(pg_temp.blocked_for('7 days'), '7 days', 'a longer one takes its place');
select tests.throws_code(format('select crm.block_rate_limit(%L, %s)', 'pgtap', b.duration), 'PT400', 'invalid_input', 'from more than nothing up to seven days, not ' || b.duration)
from (values ('null'), ('''0'''), ('''-1 second'''), ('''7 days 1 second'''), ('''1 month''')) b (duration);

select * from finish();
rollback;
