-- I2, I9, I11: deliveries of one conversation, shuffled, with the Contacts API in between.
begin;
select plan(2);

select tests.create_acme();
select tests.same_in_every_order('pgtap-page', array[
  tests.item(tests.person('{psid:P1,phone:+573001112233}', '{"full_name": "Anita"}'), tests.said('m1', 1), tests.happened('reaction', 6, 'm2', '{"emoji": "❤"}')),
  tests.chat('P1', tests.sent('m2', 2)),
  jsonb_build_array(tests.chat('P1', tests.said('m3', 3), tests.status('m2', 'delivered', 4)) || '{"thread_id": "t1"}', tests.chat('P2', tests.said('n1', 1))),
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{phone:+573001112233}', jsonb_build_object('full_name', 'Ana', 'source_updated_at', tests.ms(0))))
], $$ tests.count_of('contacts', 'merged_into_id is null') = 2 and (tests.contact('psid:P1')).full_name = 'Ana' and (tests.message('m2')).status = 'delivered'
  and (tests.conversation('t1')).unread_count = 2 and (tests.conversation('psid:P1')).contact_id = (tests.contact('phone:+573001112233')).id $$,
  'I2, I9, I11: webhooks, an API page and a contact');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.sent('m1', 1), tests.watermark('read', 2)),
  tests.chat('P1', tests.said('m2', 3, 'Hola'), tests.happened('edit', 4, 'm2', '{"num_edit": 1, "text": "Chao"}')),
  tests.chat('P1', tests.happened('unsend', 5, 'm2')),
  jsonb_build_array(tests.chat('P1', tests.sent('m1', 1, 'Buenas', '{"payload": {"metadata": "out:1"}}')), tests.chat('P1', tests.status('m1', 'failed', 1.5, '{"error": {"code": 1}}')))
], $$ (select m.status = 'read' and m.error is not null and m.payload = '{"metadata": "out:1"}' from tests.message('m1') m) and (tests.message('m2')).body is null $$,
  'I9, I11: watermarks, edits, unsends and copies');

select * from finish();
rollback;
