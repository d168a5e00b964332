-- Nobody has to answer what was said before the run's history_before: unread count, reply window and status stay as they are.
begin;
select plan(12);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
update crm.sync_runs r set history_before = tests.moment(10) where r.workspace_id = tests.workspace_id();
select tests.commit_page(s.s, jsonb_build_array(
  tests.chat('P1', tests.said('m1', 1), tests.said('m2', 9.999), tests.sent('m3', 5), tests.happened('reaction', 2, 'm1'), tests.said('m4', 10), tests.said('m5', 11)),
  tests.chat('P2', tests.said('n1', 3), tests.said('n2', 20, 'Imported', '{"is_history": true}')))) from started s;
select set_eq($$ select m.provider_message_id from crm.messages m where m.workspace_id = tests.workspace_id() and m.is_history $$,
  array['m1', 'm2', 'm3', 'n1', 'n2'], 'history is what was said before, and what says so itself');
select is((c.unread_count, c.last_inbound_at), (2, tests.moment(11)), 'the rest is new') from tests.conversation('psid:P1') c;
select is((c.unread_count, c.last_inbound_at), (0, null::timestamptz), 'history opens nothing') from tests.conversation('psid:P2') c;

-- One bad item: its neighbours are judged alike, and so is it when it is replayed.
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');
select tests.commit_page(s.s, jsonb_build_array(tests.chat('P3', tests.said('r1', 1, 'refuse me'), tests.said('r2', 12)), tests.chat('P6', tests.said('q1', 1), tests.said('q2', 12)))) from started s;
alter table crm.messages drop constraint made_to_fail;
select is((c.unread_count, tests.count_of('messages', 't.is_history and t.provider_message_id = ''q1''')), (1, 1), 'a neighbour of a bad item') from tests.conversation('psid:P6') c;
select tests.commit_page(s.s, jsonb_build_array(tests.chat('P4', tests.said('b1', 1, 'Hola', '{"is_history": "no"}')), '{"events": 5, "thread_id": "t6"}'::jsonb)) from started s;
select set_eq($$ select d.item, d.history_before from crm.dead_letters d where d.workspace_id = tests.workspace_id() $$, $$ values
  (tests.chat('P3', tests.said('r1', 1, 'refuse me'), tests.said('r2', 12)), tests.moment(10)),
  (tests.chat('P4', tests.said('b1', 1, 'Hola', '{"is_history": "no"}')), tests.moment(10)),
  ('{"events": 5, "thread_id": "t6"}'::jsonb, tests.moment(10)) $$, 'dead letters keep the item as it came, and the judgement');

-- Another run may judge otherwise: it is still one letter, and what one takes for new is new.
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me') not valid;
create function pg_temp.refused_by_a_run_with(p_history_before timestamptz) returns text language plpgsql as $$
begin
  update crm.sync_runs r set history_before = p_history_before where r.workspace_id = tests.workspace_id();
  perform tests.commit_page((select s.s from started s), jsonb_build_array(tests.chat('P3', tests.said('r1', 1, 'refuse me'), tests.said('r2', 12))));
  return (select string_agg(extract(epoch from d.history_before - tests.moment(0))::int::text, ' ') from crm.dead_letters d where d.reason = 'refused_by_database');
end $$;
select is(array[pg_temp.refused_by_a_run_with(tests.moment(15)), pg_temp.refused_by_a_run_with(tests.moment(8))], '{10,8}', 'the same item again is one letter');
alter table crm.messages drop constraint made_to_fail;
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (1, 2), 'one whose cause is gone is replayed');
select is((c.unread_count, c.last_inbound_at), (1, tests.moment(12)), 'its old message makes nothing unread, its new one does') from tests.conversation('psid:P3') c;
select is(tests.count_of('dead_letters'), 3, 'those that fail again are the same letters');
update crm.sync_runs r set history_before = tests.moment(10) where r.workspace_id = tests.workspace_id();

-- A webhook that told the same before, or tells it later, is what counts.
select tests.deliver(tests.chat('P7', tests.said('w1', 4)));
select tests.commit_page(s.s, jsonb_build_array(tests.chat('P7', tests.said('w1', 4)), tests.chat('P8', tests.said('x1', 4)))) from started s;
select tests.deliver(tests.chat('P8', tests.said('x1', 4)));
select is((c.unread_count, c.last_inbound_at), (1, tests.moment(4)), 'a live copy before the run''s') from tests.conversation('psid:P7') c;
select is((c.unread_count, c.last_inbound_at), (1, tests.moment(4)), 'a live copy after the run''s') from tests.conversation('psid:P8') c;
select is(tests.count_of('messages', 't.is_history and t.provider_message_id in (''w1'', ''x1'')'), 0, 'neither is history');

select * from finish();
rollback;
