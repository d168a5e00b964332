begin;
select plan(4);

select tests.create_acme();
select tests.finish_sync(s.s) from tests.start_sync() s (s);
select is(tests.unhealthy('sync_failing'), '{}', 'a completed run is healthy');
select tests.finish_sync(s.s, 'failed', 'reconnect: token expired') from tests.start_sync() s (s);
select is(tests.unhealthy('sync_failing'), '{}', 'a refused token belongs to another check');

select tests.finish_sync(s.s, 'failed', 'permission: pages_messaging') from tests.start_sync() s (s);
select is(tests.unhealthy('sync_failing'), '{messenger:pgtap-page}', 'a run that failed with another code is found');
select tests.finish_sync(s.s) from tests.start_sync() s (s);
select is(tests.unhealthy('sync_failing'), '{}', 'until a later run completes');

select * from finish();
rollback;
