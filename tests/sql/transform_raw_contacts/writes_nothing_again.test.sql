begin;
select plan(6);

select tests.create_acme();
select tests.create_merchant();
select tests.land('contacts', tests.b2chat_contact(1, '{"mobile": "+573001112233"}'), tests.b2chat_contact(2, '{"fullname": "Ana"}'));
select is(tests.transform('contacts'), '{"processed": 2, "created": 2}', 'first they are new');
select tests.land('contacts', tests.b2chat_contact(1, '{"mobile": "+573001112233"}'), tests.b2chat_contact(2, '{"fullname": "Ana"}'));
select tests.writes_nothing($$ select tests.transform('contacts') $$, 'I10: the same again writes nothing');

select tests.land('contacts', tests.b2chat_contact(2, '{"fullname": "Otra", "updated": "2026-01-24 16:24:14"}'),
  tests.b2chat_contact(1, '{"mobile": "+573001112233", "sanitized": true}'), tests.b2chat_contact(2, '{"fullname": "Ana Ruiz", "updated": "2026-01-26 16:24:14"}'));
select is(tests.transform('contacts'), '{"processed": 3, "updated": 1, "skipped": 2}', 'of other versions only a newer one says something');
select is((tests.contact('b2chat_id:2')).full_name, 'Ana Ruiz', 'I3: the newest value stays');
select is((select array_agg(r.status order by r.landed_at) from crm.raw_records r where r.workspace_id = tests.workspace_id()),
  '{done,done,skipped,skipped,done}', 'a record that said nothing new was skipped');
select is(tests.count_of('contacts'), 2, 'nobody is there twice');

select * from finish();
rollback;
