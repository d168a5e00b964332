begin;
select plan(4);

select tests.create_acme();
select tests.finish_sync(s.s) from tests.start_sync() s (s);
select is(tests.unhealthy('reconnect'), '{}', 'a completed run is healthy');
select tests.finish_sync(s.s, 'failed', 'permission: pages_messaging') from tests.start_sync() s (s);
select is(tests.unhealthy('reconnect'), '{}', 'and so is one that failed with another code');

select tests.finish_sync(s.s, 'failed', 'reconnect: token expired') from tests.start_sync() s (s);
select is(tests.unhealthy('reconnect'), '{messenger:pgtap-page}', 'a refused token is found');
select tests.commit_page(s.s, '[]') from tests.start_sync() s (s);
select is(tests.unhealthy('reconnect'), '{}', 'until a later run stores a page');

select * from finish();
rollback;
