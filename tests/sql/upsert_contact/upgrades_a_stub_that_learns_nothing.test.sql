-- I4: the person is known to the API, even when the record brings no field.
begin;
select plan(3);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}', '{"full_name": "Ana"}'));
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co}')) ->> 'outcome', 'upgraded', 'I4: upgraded');
select is((tests.contact('email:a@x.co')).full_name, 'Ana', 'I4: the name stays');
select tests.writes_nothing($$ select tests.upsert('contacts_api', tests.person('{email:a@x.co}')) $$, 'the same record again writes nothing');

select * from finish();
rollback;
