-- I4, I5
begin;
select plan(7);

select tests.create_acme();
select tests.create_merchant();
select tests.land('chats', tests.b2chat_chat('c1', '{"id": 8001, "name": "Anita", "mobile_number": "+573001112233"}'),
  tests.b2chat_chat('c2', '{"id": 8002, "name": "Luis", "email": "luis@x.co"}'), tests.b2chat_chat('c3', '{"name": "Luisito", "identification": "2020"}'));
select tests.transform('chats');
create temporary table stub as select (tests.contact('b2chat_id:8001')).id;
select is(tests.count_of('contacts', 't.needs_full_sync'), 3, 'the chats make stubs');

select tests.land('contacts', tests.b2chat_contact(1, '{"fullname": "Ana Ruiz", "mobile": "3001112233", "city": "Cali"}'),
  tests.b2chat_contact(2, '{"fullname": "Luis Mora", "email": "luis@x.co", "identification": "2020"}'));
select is(tests.transform('contacts'), '{"processed": 2, "upgraded": 2}', 'I4: the API''s records upgrade them');
select is((tests.contact('b2chat_id:1')).id, s.id, 'I4: with the same id') from stub s;
select is((select (c.full_name, c.sync_source) from tests.contact('b2chat_id:1') c), ('Ana Ruiz'::text, 'upgraded'::text), 'I4: the API''s values win');
select is((tests.contact('b2chat_id:8002')).id, (tests.contact('identification:2020')).id, 'I5: stubs that are one person are merged');
select is((tests.conversation('c3')).contact_id, (tests.contact('b2chat_id:2')).id, 'I5: with their conversations');
select is(tests.count_of('contacts', 't.merged_into_id is null'), 2, 'nobody else is left');

select * from finish();
rollback;
