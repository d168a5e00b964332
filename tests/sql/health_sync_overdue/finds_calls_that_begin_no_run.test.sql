begin;
select plan(3);

select tests.create_acme();
select tests.finish_sync(s.s) from tests.start_sync() s (s);
update crm.sync_runs r set started_at = now() - interval '3 days' where r.workspace_id = tests.workspace_id();
update crm.sync_state s set unanswered_since = now() - interval '59 minutes' where s.workspace_id = tests.workspace_id();
select is(tests.unhealthy('sync_overdue'), '{}', 'a sync that the schedule has called for 59 minutes is healthy');
update crm.sync_state s set unanswered_since = now() - interval '61 minutes' where s.workspace_id = tests.workspace_id();
select is(tests.unhealthy('sync_overdue'), '{messenger:pgtap-page}', 'one that it has called for 61 minutes is found');
select tests.start_sync();
select is(tests.unhealthy('sync_overdue'), '{}', 'until a run begins');

select * from finish();
rollback;
