begin;
select plan(3);

select tests.create_acme();
select crm.set_rate_limit('messenger:pgtap-page', 100, 10);
select is(tests.unhealthy('rate_limited'), '{}', 'a bucket without a block is healthy');
select crm.block_rate_limit('messenger:pgtap-page', '5 minutes');
select is(tests.unhealthy('rate_limited'), '{messenger:pgtap-page}', 'a block is found');
update crm.rate_limit_buckets b set blocked_until = now() where b.workspace_id = tests.workspace_id();
select is(tests.unhealthy('rate_limited'), '{}', 'until it ends');

select * from finish();
rollback;
