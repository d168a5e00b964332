begin;
select plan(7);

select tests.create_acme();
create temporary table result as
select u.* from crm.upsert_conversation_with_events(tests.account_id('pgtap-page'),
  tests.item(tests.person('{psid:P1}', '{"full_name": "Ana"}'), tests.said('m1', 1), tests.sent('m2', 2))) u;
select results_eq('select conversation_id, contact_id, version, is_new, contact_outcome, events_inserted, events_duplicate, error from result',
  $$ select v.id, v.contact_id, 1::bigint, true, 'created', 2, 0, null::jsonb from tests.conversation('psid:P1') v $$, 'returns what became of it');
select results_eq($$ select v.status, v.unread_count, v.last_message_at, v.last_inbound_at from tests.conversation('psid:P1') v $$,
  $$ values ('open', 1, tests.moment(2), tests.moment(1)) $$, 'the conversation says what was last said, and by whom');
select is((tests.contact('psid:P1')).full_name, 'Ana', 'the contact is there');
select results_eq($$ select m.direction, m.body, m.status, m.sent_at from crm.messages m where m.workspace_id = tests.workspace_id() order by m.sent_at $$,
  $$ values ('inbound', 'Hola', null, tests.moment(1)), ('outbound', 'Buenas', 'sent', tests.moment(2)) $$, 'so are the messages');
select is((select u.is_new from crm.upsert_conversation_with_events(tests.account_id('pgtap-page'), tests.chat('P1')) u), false, 'the next item finds it');
select is((select u.error from crm.upsert_conversation_with_events(tests.account_id('pgtap-page'), '[]') u), '{"code": "invalid_item", "path": "$"}', 'a bad item is one row with its error');
select tests.throws_code($$ select crm.upsert_conversation_with_events(gen_random_uuid(), '{}') $$, 'PT404', 'not_found', 'an unknown account');

select * from finish();
rollback;
