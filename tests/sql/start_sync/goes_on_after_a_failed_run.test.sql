-- I14
begin;
select plan(8);

select tests.create_acme();
create temporary table first as select tests.start_sync() as s;
select tests.commit_page(f.s, '[]', '{"after": "page 2"}') from first f;
select tests.finish_sync(f.s, 'failed', 'reconnect: token expired') from first f;
create temporary table second as select tests.start_sync() as s;
select isnt(s.s ->> 'run_id', f.s ->> 'run_id', 'after a failed run a new one begins') from first f, second s;
select is((s.s -> 'cursor', s.s ->> 'resumed'), ('{"after": "page 2"}'::jsonb, 'true'::text), 'I14: where that one was') from second s;

select tests.commit_page(s.s, '[]', '{"after": "page 3", "high_watermark": "2025-03-01T12:00:00Z"}') from second s;
select tests.finish_sync(s.s) from second s;
create temporary table third as select tests.start_sync('incremental') as s;
select is((t.s -> 'cursor', t.s ->> 'resumed'), ('{}'::jsonb, 'false'::text), 'after a completed one it begins at the beginning') from third t;

select tests.commit_page(t.s, '[]', '{"after": "new 2"}') from third t;
select tests.finish_sync(t.s, 'failed', 'permission') from third t;
update crm.sync_state s set high_watermark = '2025-03-02T12:00:00Z' where s.workspace_id = tests.workspace_id();
create temporary table fourth as select tests.start_sync('incremental') as s;
select is(f.s -> 'cursor', '{"after": "new 2"}', 'I14: a failed incremental one is gone on with too') from fourth f;
select is((f.s ->> 'since')::timestamptz, '2025-03-01T11:55:00Z', 'I14: since the time that its cursor belongs to') from fourth f;

select tests.finish_sync(f.s, 'failed', 'permission') from fourth f;
create temporary table fifth as select tests.start_sync('full') as s;
select is((f.s -> 'cursor', f.s ->> 'resumed'), ('{}'::jsonb, 'false'::text), 'one of another mode begins at the beginning') from fifth f;

select tests.commit_page(f.s, '[]', '{"after": "page 9"}') from fifth f;
select tests.finish_sync(f.s, 'failed', 'cursor: restarted ten times') from fifth f;
select is((f.s -> 'cursor', f.s ->> 'resumed'), ('{}'::jsonb, 'false'::text), 'and so does one after a cursor that led nowhere') from tests.start_sync('full') f (s);
select is((tests.sync_state()).high_watermark, '2025-03-02T12:00:00Z', 'a run that fails moves no high watermark');

select * from finish();
rollback;
