-- I15
begin;
select plan(28);

select tests.create_acme();
select tests.create_merchant();
create temporary table bad as select row_number() over () as id, b.* from (values
  ('{"contact": "Ana"}'::jsonb, '$.contact'), ('{"contact": {"id": 1.5}}', '$.contact.id'), ('{"contact": {"id": {}}}', '$.contact.id'),
  ('{"contact": {"id": 1, "name": []}}', '$.contact.name'), ('{"contact": {"mobile_number": false}}', '$.contact.mobile_number'),
  ('{"contact": {"phone_number": {}}}', '$.contact.phone_number'), ('{"contact": {"tags": "VIP"}}', '$.contact.tags'),
  ('{"contact": {"custom_attributes": [1]}}', '$.contact.custom_attributes[0]'),
  (jsonb_build_object('contact', jsonb_build_object('name', repeat('x', 4001))), '$.contact.name'),
  ('{"agent": "Laura"}', '$.agent'), ('{"status": 7}', '$.status'), ('{"department": {}}', '$.department'), ('{"closed_at": 1706644084}', '$.closed_at'),
  ('{"created_at": "soon"}', '$.created_at'), ('{"messages": {}}', '$.messages'), ('{"messages": ["Hola"]}', '$.messages[0]'),
  ('{"messages": [{"incoming": true, "created_at": "2026-01-02 11:17:37"}, {"incoming": "yes", "created_at": "2026-01-02 11:17:37"}]}', '$.messages[1].incoming'),
  ('{"messages": [{"created_at": "2026-01-02 11:17:37"}]}', '$.messages[0].incoming'), ('{"messages": [{"incoming": true}]}', '$.messages[0].created_at'),
  ('{"messages": [{"incoming": true, "created_at": ""}]}', '$.messages[0].created_at'),
  ('{"messages": [{"incoming": true, "created_at": "2026-01-02 11:17:37", "body": {}}]}', '$.messages[0].body'),
  ('{"messages": [{"incoming": true, "created_at": "2026-01-02 11:17:37", "location": [1, 2]}]}', '$.messages[0].location')
) b (fields, path);

select tests.land('chats', variadic array[tests.b2chat_chat('first', null)]
  || array(select tests.b2chat_chat('bad-' || b.id, null, b.fields) from bad b) || array[tests.b2chat_chat('last', null, '{"messages": null, "something_new": [1]}')]);
select is(tests.transform('chats'), '{"processed": 24, "created": 2, "failed": 22}', 'I15: the others go on');
select is((select r.error ->> 'path' from crm.raw_records r where r.workspace_id = tests.workspace_id() and r.external_id = 'bad-' || b.id), b.path,
  'I15: ' || left(b.fields::text, 60)) from bad b;
select is(tests.count_of('conversations'), 2, 'I15: what failed left no conversation');
select is(tests.count_of('dead_letters'), 0, 'its error is with the record');

select tests.land('chats', tests.b2chat_chat('times', null, jsonb_build_object('messages', jsonb_build_array(tests.b2chat_message('a', '2026-01-02 11:17:37'),
  tests.b2chat_message('b', '1999-01-02 11:17:37'), tests.b2chat_message('c', '2026-01-02 11:17:39')))));
select is(tests.transform('chats'), '{"processed": 1, "failed": 1}', 'I15: a message of an impossible time');
select is((select r.error ->> 'path' from crm.raw_records r where r.external_id = 'times'), '$.messages[1].created_at', 'I15: is named');
select is((select array_agg(m.body order by m.body) from crm.messages m where m.conversation_id = (tests.conversation('times')).id), '{a,c}', 'I15: and blocks no neighbour');

select * from finish();
rollback;
