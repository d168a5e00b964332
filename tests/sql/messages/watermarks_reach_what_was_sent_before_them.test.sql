-- I11
begin;
select plan(5);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)));
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 1)), tests.chat('P1', tests.sent('m2', 1.5), tests.sent('m3', 5)), tests.chat('P1', tests.watermark('read', 3)), tests.chat('P1', tests.watermark('delivery', 6))
], $$ (tests.message('m1')).status = 'read' and (tests.message('m2')).status = 'read' and (tests.message('m3')).status = 'delivered' $$, 'I11: also echoes that come late, on both paths');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 1)), tests.chat('P1', tests.status('m1', 'failed', 2, '{"error": {"code": 7}}')), tests.chat('P1', tests.watermark('delivery', 1))
], $$ (select m.status = 'delivered' and m.error = '{"code": 7}' from tests.message('m1') m) $$, 'I11: up to and including the watermark; a failed one was delivered after all');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 10)), tests.chat('P1', tests.watermark('read', 9.999)), tests.chat('P1', tests.said('m2', 1)), tests.chat('P2', tests.sent('m3', 1))
], $$ (tests.message('m1')).status = 'sent' and (tests.message('m2')).status is null and (tests.message('m3')).status = 'sent' $$,
  'nothing later, nothing inbound, nobody else''s');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.watermark('read', 8)), tests.chat('P1', tests.watermark('read', 4), tests.said('m2', 9)), tests.chat('P1', tests.sent('m1', 6))
], $$ (tests.message('m1')).status = 'read' and (tests.conversation('psid:P1')).read_watermark = tests.moment(8) $$, 'a watermark never moves back');

select tests.deliver(tests.chat('P1', jsonb_build_object('type', 'delivery', 'payload', jsonb_build_object('watermark', tests.ms(20), 'mids', '["m1"]'::jsonb))));
select is((select e.occurred_at from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() and e.event_type = 'delivery'), tests.moment(20),
  'a delivery without a time takes its watermark''s');

select * from finish();
rollback;
