-- Rule 2 of resolution: a person has one id at B2Chat.
begin;
select plan(8);

select tests.create_acme();
select tests.create_merchant();
select tests.land('contacts', tests.b2chat_contact(1, '{"fullname": "Ana", "mobile": "+573001112233"}'));
select tests.transform('contacts');
select tests.land('contacts', tests.b2chat_contact(2, '{"fullname": "Luis", "mobile": "+573001112233"}'));
select is(tests.transform('contacts'), '{"processed": 1, "created": 1}', 'another record with the same phone is another person');
select is((tests.contact('phone:+573001112233')).full_name, 'Ana', 'the phone stays where it is');
select is((tests.contact('b2chat_id:2')).mobile, '+573001112233', 'the other one has it as a field');
select is(tests.count_of('merge_candidates', 't.status = ''open'''), 1, 'and somebody may decide');
select tests.land('contacts', tests.b2chat_contact(2, '{"fullname": "Luis", "mobile": "+573001112233", "city": "Cali"}'));
select is(tests.transform('contacts'), '{"processed": 1, "updated": 1}', 'a later version finds its own contact');

select tests.land('contacts', tests.b2chat_contact(11, '{"mobile": "+573009998877"}'), tests.b2chat_contact(12, '{"mobile": "+573009998877"}'),
  tests.b2chat_contact(13, '{"mobile": "+573009998877"}'));
select is(tests.transform('contacts'), '{"processed": 3, "created": 3}', 'the same within one page');
select is((tests.contact('phone:+573009998877')).id, (tests.contact('b2chat_id:11')).id, 'the first one has the phone');
select is(tests.count_of('contacts', 't.merged_into_id is null'), 5, 'each is one person');

select * from finish();
rollback;
