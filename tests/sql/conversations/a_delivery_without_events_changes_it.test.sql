begin;
select plan(5);

select tests.create_acme();
select tests.deliver(jsonb_build_object('thread_id', 't1', 'updated_at', tests.ms(30), 'events', '[]'::jsonb));
select tests.deliver(jsonb_build_object('thread_id', 't1', 'updated_at', tests.ms(40), 'events', '[]'::jsonb));
select is((tests.conversation('t1')).source_updated_at, tests.moment(40), 'a later time of the thread alone is stored');
select tests.writes_nothing($$ select tests.deliver(jsonb_build_object('thread_id', 't1', 'updated_at', tests.ms(35), 'events', '[]'::jsonb)) $$,
  'an earlier one writes nothing');

select tests.deliver('{"thread_id": "t2", "participant": {"full_name": "Ana"}, "events": []}');
select tests.deliver('{"thread_id": "t2", "participant": {"full_name": "Bea"}, "events": []}');
select is((tests.conversation('t2')).metadata #>> '{participant,full_name}', 'Bea', 'another participant of an orphan alone is stored');
select is((tests.conversation('t2')).source_updated_at, null, 'and nothing else of it changed');
select tests.writes_nothing($$ select tests.deliver('{"thread_id": "t2", "participant": {"full_name": "Ana"}, "events": []}') $$,
  'the lesser one writes nothing');

select * from finish();
rollback;
