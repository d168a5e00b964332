-- I14
begin;
select plan(18);

select tests.create_acme();
select tests.create_merchant();
create temporary table started as select tests.start_export() as s;
create function pg_temp.counts(p_start jsonb) returns jsonb language sql as $$
  select to_jsonb(array[r.pages, r.items, r.created, r.updated, r.unchanged, r.failed, r.rejected]) from tests.run(p_start) r
$$;

select is(tests.land_page(s.s, 'contacts', jsonb_build_array(tests.b2chat_contact(1), tests.b2chat_contact(2)), '{"window": "2026-01-01"}'), '{"landed": 2, "unchanged": 0}',
  'a page lands') from started s;
select is(pg_temp.counts(s.s), '[1, 0, 0, 0, 0, 0, 0]', 'its records count when they are transformed') from started s;
select is((r.last_page_at > r.started_at, r.progressed_at), (true, r.last_page_at), 'that is progress') from started s, tests.run(s.s) r;

update crm.sync_runs r set last_page_at = '2026-01-01Z', progressed_at = '2026-01-01Z' where r.workspace_id = tests.workspace_id();
update crm.sync_locks l set expires_at = clock_timestamp() + interval '1 minute' where l.workspace_id = tests.workspace_id();
select tests.land_page(s.s, 'contacts', jsonb_build_array(tests.b2chat_contact(2), tests.b2chat_contact(2)), '{"window": "2026-01-01"}') from started s;
select is(pg_temp.counts(s.s), '[2, 2, 0, 0, 2, 0, 0]', 'what was there is unchanged') from started s;
select is((r.last_page_at > r.started_at, r.progressed_at), (true, '2026-01-01Z'::timestamptz), 'the same again is a page, and no progress') from started s, tests.run(s.s) r;
select ok(l.expires_at > clock_timestamp() + interval '4 minutes', 'each page holds the lock for five minutes more') from crm.sync_locks l where l.workspace_id = tests.workspace_id();
select tests.land_page(s.s, 'contacts', '[]', '{"window": "2026-01-02"}') from started s;
select is((r.pages, r.progressed_at), (3, r.last_page_at), 'a cursor that moved is progress') from started s, tests.run(s.s) r;

select tests.land_page(s.s, 'contacts', jsonb_build_array('{}'::jsonb, tests.b2chat_contact(3), '7'::jsonb), null,
  '[{"reason": "malformed", "path": "$.contacts[1]", "item": 9}, {"reason": "no_participant", "item": 10}]') from started s;
select is((r.pages, r.items, r.rejected, r.rejected_by), (4, 2, 4, '{"malformed": 3, "no_participant": 1}'::jsonb), 'what has no id, or could not be read, is set aside and counted')
from started s, tests.run(s.s) r;

-- Whoever does not hold the run's lock writes nothing.
create function pg_temp.refused(p_start jsonb, p_state text, p_code text, p_why text) returns text language sql as $$
  select tests.throws_code(format('select tests.land_page(%L, %L, %L, %L, %L)', p_start, 'contacts', jsonb_build_array(tests.b2chat_contact(9)), '{"window": "2026-01-09"}', '[1]'),
    p_state, p_code, p_why)
$$;
create temporary table before as select s.s, tests.run(s.s) as run, tests.count_of('raw_records') + tests.count_of('dead_letters') as written, tests.count_of('sync_state', 't.cursor @> ''{"contacts": {"window": "2026-01-02"}}''') as cursors
from started s;
select pg_temp.refused(s.s || jsonb_build_object('token', gen_random_uuid()), 'PT409', 'lock_lost', 'I13: another token') from started s;
select pg_temp.refused(s.s || '{"token": null}', 'PT409', 'lock_lost', 'I13: no token') from started s;
select pg_temp.refused(s.s || '{"resource": "b2chat:pgtap-merchant:other"}', 'PT400', 'invalid_input', 'the run of another resource') from started s;
select pg_temp.refused(o.s || jsonb_build_object('resource', s.s ->> 'resource'), 'PT400', 'invalid_input', 'the run of another account') from started s, tests.start_sync() o (s);
select pg_temp.refused(s.s || jsonb_build_object('run_id', gen_random_uuid()), 'PT404', 'not_found', 'a run that does not exist') from started s;
select tests.expire_lease('b2chat:pgtap-merchant:export');
select pg_temp.refused(s.s, 'PT409', 'lock_lost', 'I13: a lease that is over') from started s;
create temporary table taken as select * from crm.acquire_sync_lock('b2chat:pgtap-merchant:export', 'somebody');
select pg_temp.refused(s.s || jsonb_build_object('token', t.token), 'PT409', 'lock_lost', 'I13: the lock''s holder, for whom the run was not started') from started s, taken t;
select crm.release_sync_lock('b2chat:pgtap-merchant:export', t.token) from taken t;
create temporary table again as select tests.start_export() as s;
select pg_temp.refused(s.s, 'PT409', 'lock_lost', 'I13: a holder whose run another has resumed') from started s;
select is((pg_temp.counts(b.s), tests.count_of('raw_records') + tests.count_of('dead_letters'), tests.count_of('sync_state', 't.cursor @> ''{"contacts": {"window": "2026-01-02"}}''')),
  (to_jsonb(array[(b.run).pages, (b.run).items, 0, 0, (b.run).unchanged, 0, (b.run).rejected]), b.written, 1), 'I13: and nothing was written') from before b;

select tests.land_page(a.s, 'chats', '[{"chat_id": "c1"}]', '{"window": "2026-01-05"}') from again a;
select is((a.s ->> 'run_id', r.pages, a.s -> 'cursor'), (s.s ->> 'run_id', 5, '{"contacts": {"window": "2026-01-02"}}'::jsonb), 'I14: who resumes it counts on, from the last page') from started s, again a, tests.run(a.s) r;

select * from finish();
rollback;
