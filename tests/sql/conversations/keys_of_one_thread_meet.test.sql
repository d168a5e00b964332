-- A webhook knows the participant, the Graph API the thread as well, WhatsApp a wa_id, a bsuid or both: all land on one row.
begin;
select plan(9);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
select tests.deliver(tests.chat('P1', tests.said('m2', 2)) || '{"thread_id": "t1"}');
select tests.deliver(jsonb_build_object('thread_id', 't1', 'events', jsonb_build_array(tests.said('m3', 3))));
select is((tests.conversation('t1')).id, (tests.conversation('psid:P1')).id, 'thread and participant are one conversation');
select is(tests.count_of('conversations'), 1, 'the only one');
select is(tests.count_of('messages', format('conversation_id = %L', (tests.conversation('t1')).id)), 3, 'with every message');
select is(tests.count_of('contact_interaction_events', format('contact_id = %L', (tests.contact('psid:P1')).id)), 3, 'and its contact''s events, also of a delivery that named only the thread');

select tests.ingest('pgtap-number', tests.item(tests.person('{bsuid:CO.1}'), tests.said('w1', 1)));
select tests.ingest('pgtap-number', tests.item(tests.person('{bsuid:CO.1,wa_id:573001112233}'), tests.said('w2', 2)));
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}'), tests.said('w3', 3)));
select is((tests.conversation('bsuid:CO.1')).id, (tests.conversation('wa_id:573001112233')).id, 'bsuid and wa_id are one conversation');
select is(tests.count_of('messages', format('conversation_id = %L', (tests.conversation('bsuid:CO.1')).id)), 3, 'with every message');
select is(tests.count_of('conversations'), 2, 'one person on each channel is one conversation on each');

select tests.ingest('pgtap-number', tests.item(tests.person('{email:a@x.co,wa_id:573009998877}'), tests.said('w4', 4)));
select is(tests.count_of('conversation_keys', $$ value like 'email:%' $$), 0, 'an e-mail is no key of a chat');
select is((tests.conversation('wa_id:573009998877')).contact_id, (tests.contact('email:a@x.co')).id, 'but an identity of its contact');

select * from finish();
rollback;
