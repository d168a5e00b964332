-- I14
begin;
select plan(10);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
update crm.sync_locks l set expires_at = clock_timestamp() + interval '1 minute' where l.workspace_id = tests.workspace_id();
create temporary table page as
select c.* from started s, crm.commit_sync_page((s.s ->> 'run_id')::uuid, (s.s ->> 'token')::uuid,
  jsonb_build_array(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('m2', 2))), '{"after": "page 2"}', 40, '[1]') c;
select is((p.items, p.created, p.updated, p.unchanged, p.failed, p.rejected), (2, 2, 0, 0, 0, 1), 'it says what became of the page') from page p;
select is((p.run_pages, p.run_items, p.run_created, p.run_updated, p.run_unchanged, p.run_failed, p.run_rejected, p.total_estimate), (1, 2, 2, 0, 0, 0, 1, 40), 'and how far the run is') from page p;
select is(tests.count_of('messages'), 2, 'I14: the items are stored');
select is((tests.sync_state()).cursor, '{"after": "page 2"}', 'I14: and the cursor');
select is(l.expires_at, p.expires_at, 'I14: and the lease''s end') from page p, crm.sync_locks l where l.workspace_id = tests.workspace_id();
select ok(p.expires_at > clock_timestamp() + interval '4 minutes', 'which is five minutes from now') from page p;

select tests.fail_writes('sync_state', 'new.cursor ? ''fail''', '57014');
select tests.throws_code(format('select tests.commit_page(%L, %L, %L, %L)', s.s, jsonb_build_array(tests.chat('P3', tests.said('m3', 3))), '{"fail": 1}', '[2]'),
  '57014', null, 'a page that is cut off') from started s;
select is((tests.count_of('messages'), tests.count_of('dead_letters'), (tests.sync_state()).cursor, (tests.run(s.s)).items), (2, 1, '{"after": "page 2"}'::jsonb, 2),
  'I14: leaves nothing') from started s;

select tests.commit_page(s.s, jsonb_build_array(tests.chat('P3', tests.said('m3', 3)))) from started s;
select is((tests.sync_state()).cursor, '{"after": "page 2"}', 'no cursor leaves it where it was: more of the page follows');
select is((r.pages, r.items, r.created, r.rejected, r.total_estimate), (2, 3, 3, 1, 40), 'and the run counts on') from started s, tests.run(s.s) r;

select * from finish();
rollback;
