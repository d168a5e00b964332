begin;
select plan(9);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', '{"mobile": "300 111 2233", "phone": "601 555 6677"}'));
create function pg_temp.normalized() returns text language sql as $$ select (tests.contact('email:a@x.co')).phone_normalized $$;
select is(pg_temp.normalized(), '+573001112233', 'the mobile comes first, read as the workspace''s country writes it');
update crm.contacts set mobile = '+52 1 55 1234 5678' where id = (tests.contact('email:a@x.co')).id;
select is(pg_temp.normalized(), crm.normalize_phone('+52 1 55 1234 5678'), 'an update by hand is followed');
update crm.contacts set mobile = null where id = (tests.contact('email:a@x.co')).id;
select is(pg_temp.normalized(), '+576015556677', 'without a mobile the phone counts');
update crm.contacts set phone_normalized = '+1', city = 'Cali' where id = (tests.contact('email:a@x.co')).id;
select is(pg_temp.normalized(), '+576015556677', 'nobody writes it by hand');
update crm.contacts set phone = 'call me' where id = (tests.contact('email:a@x.co')).id;
select is(pg_temp.normalized(), null, 'what is no number has no normal form');
update crm.contacts set phone_normalized = '+576015556677' where id = (tests.contact('email:a@x.co')).id;
select is(pg_temp.normalized(), null, 'nor gets one by hand');
insert into crm.contacts (workspace_id, full_name, phone) values (tests.workspace_id(), 'By hand', '(604) 444-5566');
select is((select c.phone_normalized from crm.contacts c where c.full_name = 'By hand'), '+576044445566', 'an insert by hand has it too');
insert into crm.contacts (workspace_id, full_name, phone_normalized) values (tests.workspace_id(), 'Only normal', '+576044445566');
select is((select c.phone_normalized from crm.contacts c where c.full_name = 'Only normal'), null, 'but not without a phone');
insert into crm.contacts (workspace_id, full_name, landline) values (tests.workspace_id(), 'Landline', '604 444 5566');
select is((select c.phone_normalized from crm.contacts c where c.full_name = 'Landline'), null, 'a landline is an attribute');

select * from finish();
rollback;
