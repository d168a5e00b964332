-- Outbound first: there is somebody to write to, and nothing was said yet.
begin;
select plan(5);

select tests.create_acme();
select is((select (u.is_new, u.contact_outcome, u.events_inserted, u.error)::text from crm.upsert_conversation_with_events(tests.account_id('pgtap-number'),
  '{"participant": {"identities": [{"kind": "wa_id", "value": "573001112233"}]}}') u), '(t,created,0,)', 'a participant and no events is a valid item');
select results_eq($$ select v.status, v.unread_count, v.last_message_at, v.last_inbound_at from tests.conversation('wa_id:573001112233') v $$,
  $$ values ('open', 0, null::timestamptz, null::timestamptz) $$, 'an open conversation in which nobody spoke');
select is((tests.conversation('wa_id:573001112233')).contact_id, (tests.contact('wa_id:573001112233')).id, 'with its contact');
select is(tests.count_of('contact_interaction_events'), 0, 'and no event');
select tests.writes_nothing($$ select tests.ingest('pgtap-number', '{"participant": {"identities": [{"kind": "wa_id", "value": "573001112233"}]}, "events": []}') $$,
  'I10: again, it writes nothing');

select * from finish();
rollback;
