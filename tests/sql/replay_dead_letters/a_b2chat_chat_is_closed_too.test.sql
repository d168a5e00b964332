-- I15: the item of a chat has its messages; that it was closed is in the record, which is read again.
begin;
select plan(4);

select tests.create_acme();
select tests.create_merchant();
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');
select tests.land('chats', tests.b2chat_chat('c1', tests.b2chat_contact(1, '{"fullname": "Ana", "mobile": "3001234567"}'), jsonb_build_object('status', 'CLOSED', 'closed_at', '2026-01-02 12:00:00',
  'messages', jsonb_build_array(tests.b2chat_message('refuse me', '2026-01-02 11:17:37')))));
select is(tests.transform('chats'), '{"failed": 1, "processed": 1}', 'the database refuses a chat');
alter table crm.messages drop constraint made_to_fail;
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (1, 0), 'I15: later it is replayed');
select tests.transform('chats');
select is((select (v.status, (select count(*)::int from crm.messages m where m.conversation_id = v.id)) from tests.conversation('c1') v), ('closed'::text, 1), 'I15: with its message, and closed');
select is((select array_agg(r.status || coalesce(r.error::text, '')) from crm.raw_records r where r.workspace_id = tests.workspace_id()), '{done}', 'the record no longer says that it failed');

select * from finish();
rollback;
