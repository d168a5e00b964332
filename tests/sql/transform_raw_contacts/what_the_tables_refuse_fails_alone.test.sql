-- I15
begin;
select plan(5);

select tests.create_acme();
select tests.create_merchant();
select tests.fail_writes('contacts', 'new.full_name = ''Bad''', '23514');
select tests.land('contacts', tests.b2chat_contact(1, '{"fullname": "Ana"}'), tests.b2chat_contact(2, '{"fullname": "Bad"}'), tests.b2chat_contact(3));
select is(tests.transform('contacts'), '{"processed": 3, "created": 2, "failed": 1}', 'I15: the others go on');
select is((select (r.external_id collate "default", r.error ->> 'path', r.error ->> 'sqlstate') from crm.raw_records r where r.workspace_id = tests.workspace_id() and r.status = 'failed'),
  ('2'::text, '$'::text, '23514'::text), 'I15: the one that was refused says so');
select is(tests.count_of('contact_identities'), 2, 'I15: and left nothing behind');

select tests.fail_writes('contacts', 'new.full_name = ''Full''', '53100');
select tests.land('contacts', tests.b2chat_contact(4), tests.b2chat_contact(5, '{"fullname": "Full"}'));
select tests.throws_code('select crm.transform_raw_contacts()', '53100', null, 'I15: what is no record''s fault aborts the call');
select is(tests.count_of('raw_records', 't.status = ''pending'''), 2, 'I15: and all of them wait');

select * from finish();
rollback;
