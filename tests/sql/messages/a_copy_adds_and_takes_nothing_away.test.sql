-- I9: the copy that comes first loses no field to a poorer one later, and a richer one adds.
begin;
select plan(4);

select tests.create_acme();
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 10, 'Hola')),
  tests.chat('P1', tests.said('m1', 10.5, null, '{"attachments": [{"type": "image", "url": "u"}], "payload": {"a": 1, "b": "x"}}')),
  tests.chat('P1', tests.said('m1', 11, 'Hola', '{"reply_to": "m0", "is_history": true, "payload": {"b": "y"}}')) || '{"thread_id": "t1"}',
  tests.chat('P1', tests.said('m1', 9, 'Hola, ¿están?'))
], $$ (select (m.body, m.attachments, m.reply_to, m.sent_at, m.is_history, m.payload)
    = ('Hola, ¿están?', '[{"type": "image", "url": "u"}]'::jsonb, 'm0', tests.moment(9), false, '{"a": 1, "b": "y"}'::jsonb) from tests.message('m1') m)
  and (select e.occurred_at = tests.moment(9) from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() and e.event_key = 'message:m1')
  and (tests.conversation('psid:P1')).unread_count = 1 $$,
  'I9: four copies of one message');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 10)), tests.chat('P1', tests.sent('m1', 2, 'Buenas tardes')), tests.chat('P1', tests.watermark('read', 5))
], $$ (tests.message('m1')).status = 'read' $$, 'I9, I11: a copy with an earlier time comes under the read watermark');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 10, 'beta')), tests.chat('P1', tests.said('m1', 10, 'alfa')), tests.chat('P1', tests.said('m1', 10, ''))
], $$ (tests.message('m1')).body = 'beta' $$, 'I9: of two texts of one length the greater one');

-- The Graph API tells whole seconds, a webhook milliseconds.
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 10)), tests.chat('P1', tests.said('m1', 10.25)), tests.chat('P1', tests.said('m1', 12))
], $$ (tests.message('m1')).sent_at = tests.moment(10.25)
  and (select e.occurred_at = tests.moment(10.25) from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() and e.event_key = 'message:m1') $$,
  'I9: a copy that knows only the second takes no milliseconds away');

select * from finish();
rollback;
