begin;
select plan(2);

select tests.create_acme();
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 1)),
  jsonb_build_object('thread_id', 't1', 'updated_at', tests.ms(9), 'events', jsonb_build_array(tests.said('m2', 2), tests.sent('m3', 3))),
  tests.chat('P1', tests.said('m1', 1)) || jsonb_build_object('thread_id', 't1', 'updated_at', tests.ms(8)),
  jsonb_build_object('thread_id', 't1', 'events', jsonb_build_array(tests.watermark('read', 5)))
], $$ tests.count_of('conversations') = 1 and (tests.message('m3')).status = 'read' and (tests.conversation('t1')).contact_id = (tests.contact('psid:P1')).id $$,
  'I1, I7: webhook, API pages and the delivery that bridges them');

select tests.same_in_every_order('pgtap-number', array[
  tests.item(tests.person('{bsuid:CO.1}', '{"full_name": "Ana"}'), tests.said('w1', 1)),
  tests.item(tests.person('{wa_id:573001112233}'), tests.said('w2', 2), tests.status('w9', 'read', 4)),
  tests.item(tests.person('{bsuid:CO.1,wa_id:573001112233}'), tests.sent('w9', 3))
], $$ tests.count_of('conversations') = 1 and tests.count_of('contacts', 'merged_into_id is null') = 1 and (tests.message('w9')).status = 'read' $$,
  'I1, I5: bsuid, wa_id and both');

select * from finish();
rollback;
