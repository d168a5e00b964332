begin;
select plan(4);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)));
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 1, 'Secret', '{"attachments": [{"url": "secret"}], "payload": {"a": "secret"}}')), tests.chat('P1', tests.happened('unsend', 9, 'm1')),
  tests.chat('P1', tests.happened('edit', 5, 'm1', '{"num_edit": 1, "text": "Secret!"}')), tests.chat('P1', tests.said('m1', 0.5, 'A longer secret', '{"reply_to": "m0", "payload": {"b": "secret"}}'))
], $$ (select (m.body, m.attachments, m.unsent_at, m.reply_to) is not distinct from (null::text, '[]'::jsonb, tests.moment(9), 'm0') from tests.message('m1') m)
  and tests.count_of('messages', 't::text ilike ''%secret%''') = 0
  and not exists (select from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() and e.payload::text ilike '%secret%') $$,
  'content is gone for good, of the message and its edits, in every order');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 1, 'Secret'), tests.happened('unsend', 9, 'm1')), tests.chat('P1', tests.happened('unsend', 8, 'm1')), tests.chat('P1', tests.said('m1', 1, 'Secret'))
], $$ (tests.message('m1')).body is null and (tests.message('m1')).unsent_at = tests.moment(8) $$, 'when it was unsent is the earliest time');

select tests.deliver(tests.chat('P1', tests.said('m1', 1, 'Secret'), tests.happened('edit', 5, 'm1', '{"num_edit": 1, "text": "Secret!"}')));
select tests.deliver(tests.chat('P1', tests.happened('unsend', 9, 'm1')));
select tests.writes_nothing($$ select tests.deliver(tests.chat('P1', tests.said('m1', 1, 'Secret'), tests.happened('edit', 5, 'm1', '{"num_edit": 1, "text": "Secret!"}'))) $$, 'I10: what came before, replayed, writes nothing');
select is((select v.last_is_unsent from crm.inbox v where v.conversation_id = (tests.conversation('psid:P1')).id), true, 'the inbox says so');

select * from finish();
rollback;
