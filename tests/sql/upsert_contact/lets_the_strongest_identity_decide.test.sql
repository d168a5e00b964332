-- I1: two full contacts are known; a delivery names both.
begin;
select plan(6);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', '{"full_name": "By e-mail"}'));
select tests.upsert('contacts_api', tests.person('{phone:+573001112233}', '{"full_name": "By phone"}'));
select tests.upsert('contacts_api', tests.person('{psid@one:P1}', '{"full_name": "By psid"}'));

select is((tests.upsert('chat_embedded', tests.person('{email:a@x.co,phone:+573001112233}')) ->> 'contact_id')::uuid, (tests.contact('phone:+573001112233')).id, 'I1: a phone is stronger than an e-mail');
select is((tests.upsert('chat_embedded', tests.person('{email:a@x.co,phone:+573001112233,psid@one:P1}')) ->> 'contact_id')::uuid, (tests.contact('psid:P1')).id, 'I1: a psid is stronger than both');
select is((tests.upsert('chat_embedded', tests.person('{email:a@x.co,wa_id:573004445566,identification:7}')) ->> 'contact_id')::uuid, (tests.contact('email:a@x.co')).id, 'I1: the strongest that is known');
select is((tests.contact('wa_id:573004445566')).full_name, 'By e-mail', 'I1: what nobody owned is recorded for that contact');
select is((tests.contact('phone:+573001112233')).full_name, 'By phone', 'I1: what somebody owns stays where it is');
select is(tests.count_of('contacts'), 3, 'I1: nobody was created');

select * from finish();
rollback;
