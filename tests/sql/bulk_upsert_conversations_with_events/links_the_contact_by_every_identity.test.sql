-- I1: phone, e-mail and the channel's own id of a participant lead to the contact the API gave.
begin;
select plan(4);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{phone:+573001112233}', '{"full_name": "Ana"}'));
create temporary table result as select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233,phone:+573001112233}', '{"full_name": "Anita"}'), tests.said('w1', 1))) -> 0 as r;
select is((r ->> 'contact_id')::uuid, (tests.contact('phone:+573001112233')).id, 'I1: the chat met the full contact') from result;
select is((tests.contact('wa_id:573001112233')).full_name, 'Ana', 'I3: the name is the API''s');
select is(tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}'), tests.said('w2', 2))) #>> '{0,contact_outcome}', 'linked', 'the next message finds it');
select is(tests.count_of('contacts'), 1, 'I1: nobody was created');

select * from finish();
rollback;
