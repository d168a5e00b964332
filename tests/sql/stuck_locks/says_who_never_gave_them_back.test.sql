begin;
select plan(7);

select tests.create_acme();
create function pg_temp.stuck() returns table (resource text, holder text, has_run boolean, expired_at timestamptz, stuck_for interval) language sql as $$
  select s.resource, s.holder, s.run_id is not null, s.expired_at, s.stuck_for from crm.stuck_locks s where s.workspace_id = tests.workspace_id()
$$;
create temporary table started as select tests.start_sync() as s;
select is_empty('select * from pg_temp.stuck()', 'a lock under a lease is not stuck');

update crm.sync_locks l set expires_at = now() - interval '3 minutes' where l.workspace_id = tests.workspace_id();
select results_eq('select * from pg_temp.stuck()', $$ values ('messenger:pgtap-page:conversations', 'one', true, now() - interval '3 minutes', interval '3 minutes') $$, 'one whose lease is over is, once');
update crm.sync_runs r set last_page_at = now() - interval '4 minutes' where r.workspace_id = tests.workspace_id();
select crm.cleanup_expired_locks();
select results_eq('select * from pg_temp.stuck()', $$ values ('messenger:pgtap-page:conversations', 'one', true, null::timestamptz, interval '4 minutes') $$, 'and the run that nobody works on, also when the lock was cleaned up');
select crm.acquire_sync_lock('messenger:pgtap-page:conversations', 'other work');
select is((select count(*)::int from pg_temp.stuck()), 1, 'or is held for something else');
update crm.sync_locks l set expires_at = now() - interval '2 minutes' where l.workspace_id = tests.workspace_id();
select set_eq($$ select s.holder, s.stuck_for from pg_temp.stuck() s $$, $$ values ('one', interval '4 minutes'), ('other work', interval '2 minutes') $$, 'and then both');

create temporary table again as select tests.start_sync() as s;
select is_empty('select * from pg_temp.stuck()', 'none once it was taken again');
select tests.finish_sync(a.s, 'paused') from again a;
select is_empty('select * from pg_temp.stuck()', 'or given back');

select * from finish();
rollback;
