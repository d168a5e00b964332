-- Rule 5 over rule 2: the provider says that the one id a person can have has changed.
begin;
select plan(3);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{identification:OLD}', '{"full_name": "Ana"}'));
select is((tests.upsert('contacts_api', tests.person('{identification:NEW}', jsonb_build_object('previous_identities', tests.identities('{identification:OLD}')))) ->> 'contact_id')::uuid,
  (tests.contact('identification:OLD')).id, 'the new id is the old id''s contact''s');
select is(tests.count_of('contacts', 'merged_into_id is null'), 1, 'nobody else was created');
select is((tests.contact('identification:NEW')).full_name, 'Ana', 'and both ids lead to the person');

select * from finish();
rollback;
