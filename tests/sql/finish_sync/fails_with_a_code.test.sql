begin;
select plan(5);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
select tests.commit_page(s.s, '[]', '{"after": "x", "high_watermark": "2025-03-01T12:00:00+0000"}') from started s;
select tests.finish_sync(s.s, 'failed', 'reconnect: ' || repeat('x', 3000)) from started s;
select is((r.status, r.error_code, length(r.error), r.finished_at is null), ('failed'::text, 'reconnect'::text, 2000, false), 'a failed run says why, as far as that fits') from started s, tests.run(s.s) r;
select is((w.high_watermark, w.cursor ->> 'after'), (null::timestamptz, 'x'::text), 'the cursor is kept and the high watermark not moved') from tests.sync_state() w;
select is((select l.token from crm.sync_locks l where l.workspace_id = tests.workspace_id()), null, 'the lock is given back');

create temporary table again as select tests.start_sync() as s;
select tests.finish_sync(a.s, 'failed', 'cursor_like: not the same code') from again a;
select is((tests.sync_state()).cursor ->> 'after', 'x', 'a code that only begins like it is another one');
create temporary table third as select tests.start_sync() as s;
select tests.finish_sync(t.s, 'failed', 'cursor') from third t;
select is((tests.sync_state()).cursor, '{}', 'a cursor that the source refuses is given up');

select * from finish();
rollback;
