-- I2, I3, I4: the order of arrival never matters.
begin;
select plan(4);

select tests.create_acme();

select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Old', 'city', 'Cali', 'source_updated_at', tests.ms(1)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'New', 'company', 'Sol', 'source_updated_at', tests.ms(2)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Unknown', 'city', 'Tunja', 'source_updated_at', tests.ms(3))))
], $$ (select (c.full_name, c.city, c.company) = ('New', 'Tunja', 'Sol') from tests.contact('email:a@x.co') c) $$, 'I3: three chats');

select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Beta', 'city', 'Cali', 'source_updated_at', tests.ms(5)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Alfa', 'city', 'Tunja', 'source_updated_at', tests.ms(5)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', '{"city": "Zipaquirá", "company": "Sol"}')),
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Alfa', 'city', null, 'source_updated_at', tests.ms(1))))
], $$ (select (c.full_name, c.city, c.company, c.needs_full_sync) = ('Alfa', 'Tunja', 'Sol', false) from tests.contact('email:a@x.co') c) $$,
  'I2, I3, I4: chats of the same second and an API record with a null');

select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'mobile', '1', 'source_updated_at', tests.ms(1)))),
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana Ruiz', 'source_updated_at', tests.ms(2)))),
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Anabel', 'source_updated_at', tests.ms(2)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Zoe', 'mobile', '2', 'source_updated_at', tests.ms(3))))
], $$ (select (c.full_name, c.mobile) = ('Anabel', '1') from tests.contact('email:a@x.co') c) $$, 'I3: several API records of one person, and a chat');

select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('source_updated_at', tests.ms(1), 'custom_attributes', '{"a": 1, "b": "x"}'::jsonb, 'tags', '["one"]'::jsonb))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('source_updated_at', tests.ms(2), 'custom_attributes', '{"b": "y", "c": true}'::jsonb))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{email:a@x.co}', jsonb_build_object('source_updated_at', tests.ms(3), 'custom_attributes', '{"c": false, "d": {"e": []}}'::jsonb, 'tags', '["two"]'::jsonb)))
], $$ (select (c.custom_attributes, c.tags) = ('{"a": 1, "b": "x", "c": false, "d": {"e": []}}'::jsonb, '["one"]'::jsonb) from tests.contact('email:a@x.co') c) $$,
  'I3: custom attributes one by one, and tags');

select * from finish();
rollback;
