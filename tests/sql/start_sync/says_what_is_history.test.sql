-- What was said long before a page is first read is history; what was said since the last complete reading is new, however long ago that was.
begin;
select plan(12);

select tests.create_acme();
create function pg_temp.days_before(p_start jsonb) returns numeric language sql as $$
  select round(extract(epoch from r.started_at - r.history_before) / 86400, 6) from tests.run(p_start) r
$$;

create temporary table first as select tests.start_sync() as s;
select is(pg_temp.days_before(f.s), 1.000000, 'a first run: older than a day') from first f;
select tests.finish_sync(f.s, 'paused') from first f;
create temporary table resumed as select tests.start_sync() as s;
select is((a.history_before, a.id), (b.history_before, b.id), 'a run that goes on judges as it began') from first f, resumed r, tests.run(f.s) a, tests.run(r.s) b;

update crm.sync_runs r set history_before = '2025-02-01T12:00:00Z' where r.workspace_id = tests.workspace_id();
select tests.commit_page(r.s, '[]', '{"after": "page 2"}') from resumed r;
select tests.finish_sync(r.s, 'failed', 'reconnect') from resumed r;
create temporary table again as select tests.start_sync() as s;
select is((tests.run(a.s)).history_before, '2025-02-01T12:00:00Z', 'one that goes on after a failed one judges as that one') from again a;

select tests.commit_page(a.s, '[]', '{"after": "page 3", "high_watermark": "2025-03-01T12:00:00Z"}') from again a;
select tests.finish_sync(a.s) from again a;
create temporary table next as select tests.start_sync('incremental') as s;
select is((tests.run(n.s)).history_before, '2025-03-01T12:00:01Z', 'an incremental one: what the last complete run has read, to the whole second that its watermark names') from next n;
select tests.finish_sync(n.s) from next n;
create temporary table whole as select tests.start_sync('full') as s;
select is((tests.run(w.s)).history_before, '2025-03-01T12:00:01Z', 'and so a full one after it') from whole w;
select tests.finish_sync(w.s) from whole w;

update crm.sync_state s set high_watermark = clock_timestamp() - interval '1 hour' where s.workspace_id = tests.workspace_id();
create temporary table soon as select tests.start_sync('incremental') as s;
select is(pg_temp.days_before(s.s), 1.000000, 'shortly after it a day still counts as new: a webhook may have been lost') from soon s;
select tests.commit_page(s.s, '[]', '{"after": "page 2"}') from soon s;
update crm.sync_runs r set history_before = '2025-04-01T12:00:00Z' where r.status = 'running';
select tests.finish_sync(s.s, 'failed', 'permission') from soon s;
create temporary table other_mode as select tests.start_sync('full') as s;
select is(pg_temp.days_before(o.s), 1.000000, 'one that does not go on where a failed one was has its own') from other_mode o;
select tests.finish_sync(o.s, 'failed', 'permission') from other_mode o;
-- Without a watermark.
update crm.sync_state s set high_watermark = null where s.workspace_id = tests.workspace_id();
update crm.sync_runs r set history_before = clock_timestamp() - interval '5 days' where r.id = (select (o.s ->> 'run_id')::uuid from other_mode o);
update crm.sync_state s set cursor = '{}' where s.workspace_id = tests.workspace_id();
create temporary table after_failed as select tests.start_sync('full') as s;
select is(round(pg_temp.days_before(a.s), 3), 5.000, 'after a failed run whose place is lost: what that one took for new is new') from after_failed a;
select tests.finish_sync(a.s) from after_failed a;
update crm.sync_runs r set started_at = r.started_at - interval '9 days', last_page_at = null, finished_at = r.finished_at - interval '9 days'
where r.workspace_id = tests.workspace_id() and r.id <> (select (a.s ->> 'run_id')::uuid from after_failed a);
update crm.sync_runs r set started_at = r.started_at - interval '3 days' where r.id = (select (a.s ->> 'run_id')::uuid from after_failed a);
create temporary table after_empty as select tests.start_sync('full') as s;
select is(round(pg_temp.days_before(a.s), 3), 3.000, 'after a complete run that found nothing, or was never settled: what came since it began is new') from after_empty a;
select tests.finish_sync(a.s) from after_empty a;
create temporary table soon_after_empty as select tests.start_sync('full') as s;
select is(pg_temp.days_before(s.s), 1.000000, 'a day at least') from soon_after_empty s;
select tests.finish_sync(s.s) from soon_after_empty s;

update crm.sync_state s set cursor = '{"after": "from nowhere"}' where s.workspace_id = tests.workspace_id();
delete from crm.sync_runs r where r.workspace_id = tests.workspace_id();
create temporary table orphan as select tests.start_sync() as s;
select is((o.s -> 'cursor', o.s ->> 'resumed'), ('{"after": "from nowhere"}'::jsonb, 'true'::text), 'where the run is gone its cursor is gone on with') from orphan o;
select is(pg_temp.days_before(o.s), 1.000000, 'as a first one') from orphan o;

select * from finish();
rollback;
