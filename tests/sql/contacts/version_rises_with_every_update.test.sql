-- I12
begin;
select plan(5);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}', '{"full_name": "Ana"}'));
select is((tests.contact('email:a@x.co')).version, 1::bigint, 'I12: a new contact has version 1');
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', '{"city": "Cali"}'));
select is((tests.contact('email:a@x.co')).version, 2::bigint, 'I12: one update is one version');
update crm.contacts set version = 1, city = 'Bogotá' where id = (tests.contact('email:a@x.co')).id;
select is((tests.contact('email:a@x.co')).version, 3::bigint, 'I12: whatever version the update asks for');
update crm.contacts set version = 100 where id = (tests.contact('email:a@x.co')).id;
select is((tests.contact('email:a@x.co')).version, 4::bigint, 'I12: by one each time');
select cmp_ok((tests.contact('email:a@x.co')).updated_at, '>', (tests.contact('email:a@x.co')).created_at, 'and updated_at moves');

select * from finish();
rollback;
