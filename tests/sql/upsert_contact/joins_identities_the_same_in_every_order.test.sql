-- I1, I2, I5: who is one person does not depend on who was seen first.
begin;
select plan(3);

select tests.create_acme();

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 1)),
  tests.item(tests.person('{psid:P1,phone:+573001112233}', '{"full_name": "Anita"}'), tests.said('m2', 2)),
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{phone:+573001112233,email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'source_updated_at', tests.ms(3)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('city', 'Cali', 'source_updated_at', tests.ms(4))))
], $$ tests.count_of('contacts', 'merged_into_id is null') = 1
  and (select (c.full_name, c.city) = ('Ana', 'Cali') from tests.contact('psid:P1') c)
  and (tests.conversation('psid:P1')).contact_id = (tests.contact('email:a@x.co')).id $$,
  'I1, I2, I5: a chat, a bridge, an API record and another chat are one person');

select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'One', 'source_updated_at', tests.ms(1)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{phone:+573001112233}', jsonb_build_object('full_name', 'Two', 'city', 'Cali', 'source_updated_at', tests.ms(2)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{wa_id:573001112233}', jsonb_build_object('full_name', 'Three', 'source_updated_at', tests.ms(2)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{wa_id:573001112233,phone:+573001112233,email:a@x.co}'))
], $$ tests.count_of('contacts', 'merged_into_id is null') = 1
  and (select (c.full_name, c.city, c.wa_id) = ('Two', 'Cali', '573001112233') from tests.contact('email:a@x.co') c) $$,
  'I5: three stubs and the delivery that bridges them');

select tests.same_in_every_order('pgtap-number', array[
  tests.item(tests.person('{bsuid:CO.OLD}'), tests.said('w1', 1)),
  tests.item(tests.person('{bsuid:CO.NEW}', '{"previous_identities": [{"kind": "bsuid", "value": "CO.OLD"}]}')),
  tests.item(tests.person('{bsuid:CO.NEW,wa_id:573001112233}', '{"full_name": "Ana"}'), tests.said('w2', 2))
], $$ tests.count_of('contacts', 'merged_into_id is null') = 1 and (tests.contact('bsuid:CO.OLD')).full_name = 'Ana' $$,
  'I1: an id change is the same person, before or after either id was seen');

select * from finish();
rollback;
