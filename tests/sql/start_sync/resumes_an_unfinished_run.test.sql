-- I14
begin;
select plan(12);

select tests.create_acme();
create temporary table first as select tests.start_sync() as s;
select tests.commit_page(f.s, jsonb_build_array(tests.chat('P1', tests.said('m1', 1))), '{"after": "page 2"}') from first f;
select tests.finish_sync(f.s, 'paused', 'throttled: come back later') from first f;
create temporary table second as select tests.start_sync('incremental', 'two') as s;
select is(s.s ->> 'run_id', f.s ->> 'run_id', 'I14: a paused run goes on') from first f, second s;
select is((s.s -> 'cursor', s.s ->> 'resumed'), ('{"after": "page 2"}'::jsonb, 'true'::text), 'I14: from its cursor') from second s;
select is(s.s ->> 'mode', 'full', 'in its own mode, whatever was asked for') from second s;
select is((s.s ->> 'pages', s.s ->> 'items', s.s ->> 'fencing_token'), ('1'::text, '1'::text, '2'::text), 'and says how far it is') from second s;
select is((r.status, r.holder, r.fencing_token, r.error, r.resume_at), ('running'::text, 'two'::text, 2::bigint, null::text, null::timestamptz), 'it belongs to the new holder') from second s, tests.run(s.s) r;
select ok(r.resumed_at >= r.paused_at and r.paused_at > r.started_at, 'and keeps when it paused and went on') from second s, tests.run(s.s) r;
select tests.throws_code(format('select tests.commit_page(%L, %L)', f.s, '[]'), 'PT409', 'lock_lost', 'I13: the first holder''s token is worth nothing') from first f;

-- Its process dies: two minutes of work since it went on, the last page after one.
select tests.commit_page(s.s, '[]', '{"after": "page 3"}') from second s;
update crm.sync_runs r set resumed_at = r.last_page_at - interval '1 minute', active_for = '3 minutes' where r.id = (select (s.s ->> 'run_id')::uuid from second s);
select tests.expire_lease();
create temporary table third as select tests.start_sync('full', 'three') as s;
select is(t.s ->> 'run_id', f.s ->> 'run_id', 'I14: a run whose lease is over goes on') from first f, third t;
select is((t.s -> 'cursor', t.s ->> 'fencing_token'), ('{"after": "page 3"}'::jsonb, '3'::text), 'I14: from its last committed page') from third t;
select is(r.active_for, '4 minutes', 'it was active until that page') from third t, tests.run(t.s) r;
select tests.throws_code(format('select tests.finish_sync(%L)', s.s), 'PT409', 'lock_lost', 'I13: the one before can''t even finish it') from second s;
select is(tests.count_of('sync_runs'), 1, 'all that is one run');

select * from finish();
rollback;
