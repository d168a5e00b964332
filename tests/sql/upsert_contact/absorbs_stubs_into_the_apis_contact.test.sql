-- I5: stubs are not authoritative.
begin;
select plan(5);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}', '{"city": "Cali"}')), tests.upsert('chat_embedded', tests.person('{phone:+573001112233}')),
  tests.upsert('chat_embedded', tests.person('{wa_id:573004445566}'));
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co,phone:+573001112233,wa_id:573004445566}', '{"full_name": "Ana"}')) ->> 'outcome', 'upgraded', 'I5: an API record with the identities of three stubs');
select is(tests.count_of('contacts', 'merged_into_id is null'), 1, 'I5: makes them one');
select is(tests.count_of('contact_merges'), 2, 'I5: by two merges');
select results_eq($$ select c.full_name, c.city, c.sync_source, c.needs_full_sync from tests.contact('email:a@x.co') c $$, $$ values ('Ana', 'Cali', 'upgraded', false) $$,
  'I5: which is full, and has what a stub knew');

select tests.upsert('chat_embedded', tests.person('{psid@one:P1}'));
select is((tests.upsert('chat_embedded', tests.person('{psid@one:P1,email:a@x.co}')) ->> 'contact_id')::uuid, (tests.contact('phone:+573001112233')).id,
  'I5: a full contact survives a stub, though the stub has the stronger identity');

select * from finish();
rollback;
