-- I15
begin;
select plan(4);

select tests.create_acme();
select tests.create_merchant();
select tests.fail_writes('messages', 'new.body = ''Bad''', '23514');
select tests.land('chats', tests.b2chat_chat('c1', null), tests.b2chat_chat('c2', null, jsonb_build_object('messages', jsonb_build_array(tests.b2chat_message('Bad', '2026-01-02 11:17:37')))),
  tests.b2chat_chat('c3', null));
select is(tests.transform('chats'), '{"processed": 3, "created": 2, "failed": 1}', 'I15: the others go on');
select is((select (r.external_id collate "default", r.error ->> 'path', r.error ->> 'sqlstate') from crm.raw_records r where r.workspace_id = tests.workspace_id() and r.status = 'failed'),
  ('c2'::text, '$'::text, '23514'::text), 'I15: the one that was refused says so');

select tests.fail_writes('messages', 'new.body = ''Full''', '53100');
select tests.land('chats', tests.b2chat_chat('c4', null), tests.b2chat_chat('c5', null, jsonb_build_object('messages', jsonb_build_array(tests.b2chat_message('Full', '2026-01-02 11:17:37')))));
select tests.throws_code('select crm.transform_raw_chats()', '53100', null, 'I15: what is no record''s fault aborts the call');
select is(tests.count_of('raw_records', 't.status = ''pending'''), 2, 'I15: and all of them wait');

select * from finish();
rollback;
