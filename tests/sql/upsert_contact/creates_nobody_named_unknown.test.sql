begin;
select plan(2);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}', '{"full_name": "Unknown"}'));
select is((tests.contact('email:a@x.co')).full_name, null, 'a placeholder is no name for a new contact either');
select is((tests.contact('email:a@x.co')).field_sources, '{}', 'and nobody is said to have given one');

select * from finish();
rollback;
