-- I3
begin;
select plan(4);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Bea', 'source_updated_at', tests.ms(10))));
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'source_updated_at', tests.ms(10)))) ->> 'outcome', 'stale', 'I3: the lesser value loses');
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'bea', 'source_updated_at', tests.ms(10)))) ->> 'outcome', 'updated', 'I3: the greater one wins, by code point');
select is((tests.contact('email:a@x.co')).full_name, 'bea', 'I3: and is kept');
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', '{"full_name": "zoe"}')) ->> 'outcome', 'stale', 'I3: a value without a time is older than any');

select * from finish();
rollback;
