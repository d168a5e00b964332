-- I11: queued < sent < failed < delivered < read, in whatever order they arrive.
begin;
select plan(5);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)));
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 1)), tests.chat('P1', tests.status('m1', 'sent', 2)),
  tests.chat('P1', tests.status('m1', 'delivered', 3)), tests.chat('P1', tests.status('m1', 'read', 4))
], $$ (tests.message('m1')).status = 'read' and not (tests.conversation('psid:P1')).has_pending_effects $$, 'I11: read, in every order');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 1)), tests.chat('P1', tests.status('m1', 'sent', 5)),
  tests.chat('P1', tests.status('m1', 'failed', 3, '{"error": {"code": 131047}}'))
], $$ (select m.status = 'failed' and m.error = '{"code": 131047}' from tests.message('m1') m) $$, 'I11: failed keeps its error');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 1)), tests.chat('P1', tests.status('m1', 'delivered', 2)),
  tests.chat('P1', tests.status('m1', 'failed', 3, '{"error": {"code": 1}}')), tests.chat('P1', tests.watermark('read', 0.5))
], $$ (select m.status = 'delivered' and m.error = '{"code": 1}' from tests.message('m1') m) $$, 'I11: delivered outranks failed, whose error is kept');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 1), tests.status('m2', 'read', 9)), tests.chat('P1', tests.sent('m2', 2), tests.status('m1', 'delivered', 8)), tests.chat('P1', tests.status('m1', 'sent', 7))
], $$ (tests.message('m1')).status = 'delivered' and (tests.message('m2')).status = 'read' $$, 'I11: within one delivery too');

select tests.same_in_every_order('pgtap-page', array[tests.chat('P1', tests.said('m1', 1)), tests.chat('P1', tests.status('m1', 'read', 2))],
  $$ (tests.message('m1')).status is null and tests.count_of('contact_interaction_events', 'event_type = ''status''') = 1 $$, 'an inbound message has no status; the event is kept');

select * from finish();
rollback;
