-- Nobody has to answer what was said before the run's history_before: unread count, reply window and status stay as they are.
begin;
select plan(9);

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

-- What could not be stored is history still when it is replayed.
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');
select tests.commit_page(s.s, jsonb_build_array(tests.chat('P3', tests.said('r1', 1, 'refuse me'), tests.said('r2', 12)))) from started s;
select tests.commit_page(s.s, jsonb_build_array(tests.chat('P4', tests.said('b1', 1, 'Hola', '{"attachments": 7}'), tests.said('b2', 12)),
  tests.chat('P5', tests.said('c1', 1)) || '{"updated_at": "yesterday"}', '{"events": 5, "thread_id": "t6"}'::jsonb, jsonb_build_object('events', jsonb_build_array(7, tests.said('c2', 1))))) from started s;
alter table crm.messages drop constraint made_to_fail;
select set_eq($$ select d.item from crm.dead_letters d where d.workspace_id = tests.workspace_id() $$, $$ values
  (tests.chat('P3', tests.said('r1', 1, 'refuse me', '{"is_history": true}'), tests.said('r2', 12))),
  (tests.chat('P4', tests.said('b1', 1, 'Hola', '{"attachments": 7, "is_history": true}'))),
  (tests.chat('P5', tests.said('c1', 1, 'Hola', '{"is_history": true}')) || '{"updated_at": "yesterday"}'),
  ('{"events": 5, "thread_id": "t6"}'::jsonb),
  (jsonb_build_object('events', jsonb_build_array(7, tests.said('c2', 1, 'Hola', '{"is_history": true}'))))
  $$, 'dead letters say what is history, in every form');
select is((select r.replayed from crm.replay_dead_letters() r), 1, 'a dead letter whose cause is gone is replayed');
select is((c.unread_count, c.last_inbound_at), (1, tests.moment(12)), 'its old message makes nothing unread, its new one does') from tests.conversation('psid:P3') c;

-- A webhook that told the same before, or tells it later, is what counts.
select tests.deliver(tests.chat('P7', tests.said('w1', 4)));
select tests.commit_page(s.s, jsonb_build_array(tests.chat('P7', tests.said('w1', 4)), tests.chat('P8', tests.said('x1', 4)))) from started s;
select tests.deliver(tests.chat('P8', tests.said('x1', 4)));
select is((c.unread_count, c.last_inbound_at), (1, tests.moment(4)), 'a live copy before the run''s') from tests.conversation('psid:P7') c;
select is((c.unread_count, c.last_inbound_at), (1, tests.moment(4)), 'a live copy after the run''s') from tests.conversation('psid:P8') c;
select is(tests.count_of('messages', 't.is_history and t.provider_message_id in (''w1'', ''x1'')'), 0, 'neither is history');

select * from finish();
rollback;
