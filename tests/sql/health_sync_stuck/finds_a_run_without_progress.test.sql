begin;
select plan(6);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
select is(tests.unhealthy('sync_stuck'), '{}', 'a run under its lease is healthy');
update crm.sync_locks l set expires_at = now() - interval '9 minutes' where l.workspace_id = tests.workspace_id();
select is(tests.unhealthy('sync_stuck'), '{}', 'and so is one whose lease ended 9 minutes ago');
update crm.sync_locks l set expires_at = now() - interval '11 minutes' where l.workspace_id = tests.workspace_id();
select is(tests.unhealthy('sync_stuck'), '{messenger:pgtap-page}', 'one whose lease ended 11 minutes ago is found');

select tests.finish_sync(s.s, 'paused', 'throttled') from tests.start_sync() s (s);
update crm.sync_runs r set progressed_at = now() - interval '1 hour', resume_at = now() + interval '1 hour'
where r.workspace_id = tests.workspace_id() and r.status = 'paused';
select is(tests.unhealthy('sync_stuck'), '{}', 'a run that rests until the provider''s limit ends is healthy');
update crm.sync_runs r set resume_at = now() - interval '11 minutes'
where r.workspace_id = tests.workspace_id() and r.status = 'paused';
select is(tests.unhealthy('sync_stuck'), '{messenger:pgtap-page}', 'a paused run that nobody resumed in time is found');
select tests.finish_sync(s.s) from tests.start_sync() s (s);
select is(tests.unhealthy('sync_stuck'), '{}', 'until it completes');

select * from finish();
rollback;
