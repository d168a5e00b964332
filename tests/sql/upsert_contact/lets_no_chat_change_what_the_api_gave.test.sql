-- I3
begin;
select plan(5);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana Ruiz', 'source_updated_at', tests.ms(10))));
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Zoe', 'source_updated_at', tests.ms(99)))) - 'contact_id',
  '{"outcome": "linked", "sync_source": "contacts_api", "version": 1}', 'I3: linked: a chat met a full contact and changed nothing');
select is((tests.contact('email:a@x.co')).full_name, 'Ana Ruiz', 'I3: the API''s value stays, however new the chat''s is');
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Zoe', 'city', 'Cali', 'source_updated_at', tests.ms(99)))) ->> 'outcome',
  'updated', 'I3: a field the API left null takes the chat''s');
select is((tests.contact('email:a@x.co')).city, 'Cali', 'I3: and holds it');
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('city', 'Bogotá', 'source_updated_at', tests.ms(98)))) ->> 'outcome',
  'linked', 'I3: until a newer chat says otherwise');

select * from finish();
rollback;
