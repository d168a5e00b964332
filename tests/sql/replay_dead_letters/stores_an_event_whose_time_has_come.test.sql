-- I15: a time ahead is wrong only until the clock is there.
begin;
select plan(5);

select tests.create_acme();
create temporary table event as
select tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2, 'Soon', jsonb_build_object('occurred_at', (extract(epoch from clock_timestamp() + interval '30 hours') * 1000)::bigint))) as item;
select tests.deliver(e.item) from event e;
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (0, 1), 'today it is too far ahead');
select is((select (d.reason, d.path, d.replay_error) from crm.dead_letters d where d.workspace_id = tests.workspace_id()),
  ('time_in_future'::text, '$.events[0].occurred_at'::text, '{"code": "invalid_event", "events": [{"code": "time_in_future", "path": "$.events[0].occurred_at"}]}'::jsonb), 'as it says');
select is((select (r.replayed, r.failed) from crm_private.replay_due_letters(10, clock_timestamp() + interval '5 hours') r), (0, 1), 'in five hours as well');
select is((select (r.replayed, r.failed) from crm_private.replay_due_letters(10, clock_timestamp() + interval '7 hours') r), (1, 0), 'I15: in seven hours it is stored');
select is((select (m.body, m.conversation_id = (tests.conversation('psid:P1')).id) from tests.message('m2') m), ('Soon'::text, true), 'I15: where it belongs');

select * from finish();
rollback;
