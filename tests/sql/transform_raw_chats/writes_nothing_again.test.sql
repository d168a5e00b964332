-- I9, I10
begin;
select plan(7);

select tests.create_acme();
select tests.create_merchant();
create temporary table chat as select tests.b2chat_chat('c1', '{"id": 8001, "name": "Ana"}', jsonb_build_object('status', 'CLOSED', 'closed_at', '2026-01-02 12:00:00',
  'messages', jsonb_build_array(tests.b2chat_message('Hola', '2026-01-02 11:17:37'), tests.b2chat_message('Hola', '2026-01-02 11:17:37'),
    tests.b2chat_message('Hola', '2026-01-02 11:17:38'), tests.b2chat_message('Hola', '2026-01-02 11:17:37', '{"incoming": false}')))) as record;
select tests.land('chats', c.record) from chat c;
select tests.transform('chats');
select is(tests.count_of('messages'), 4, 'I9: equal messages of one second are all kept');

select tests.land('chats', c.record) from chat c;
select tests.writes_nothing($$ select tests.transform('chats') $$, 'I10: the same again writes nothing');
update crm.raw_records r set status = 'pending' where r.workspace_id = tests.workspace_id();
create temporary table before as select tests.state(tests.workspace_id()) as state;
select is(tests.transform('chats'), '{"processed": 1, "skipped": 1}', 'I9: the same record transformed once more says nothing new');
select is(tests.state(tests.workspace_id()), b.state, 'I9: and leaves everything as it was') from before b;

select tests.land('chats', jsonb_set(c.record, '{messages,4}', tests.b2chat_message('Hola', '2026-01-02 11:17:37'))) from chat c;
select is(tests.transform('chats'), '{"processed": 1, "updated": 1}', 'another version adds what is new');
select is(tests.count_of('messages'), 5, 'I9: the third of equal ones, and no other');
select is((select array_agg(r.status order by r.landed_at) from crm.raw_records r where r.workspace_id = tests.workspace_id()), '{skipped,done}', 'each version has its own status');

select * from finish();
rollback;
