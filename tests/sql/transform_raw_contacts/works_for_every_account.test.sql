begin;
select plan(11);

select tests.create_acme();
select tests.create_merchant();
select tests.create_workspace('pgtap-other');
select crm.connect_channel(tests.workspace_id('pgtap-other'), 'b2chat', 'pgtap-other-merchant', 'Other');
create function pg_temp.land_other(p_id int) returns int language sql as $$
  select l.landed from crm.land_raw_records(tests.account_id('pgtap-other-merchant'), 'contacts', jsonb_build_array(tests.b2chat_contact(p_id, '{"mobile": "+573001112233"}'))) l
$$;
select tests.land('contacts', tests.b2chat_contact(1, '{"mobile": "+573001112233"}'));
select pg_temp.land_other(1);
select is(tests.transform('contacts'), '{"processed": 2, "created": 2}', 'all accounts'' records, two workspaces, two contacts');

select tests.land('contacts', tests.b2chat_contact(2));
select pg_temp.land_other(2);
select tests.land('contacts', tests.b2chat_contact(3));
select is((select t.processed from crm.transform_raw_contacts(2) t), 2, 'at most so many at a time');
select is((select r.external_id from crm.raw_records r where r.status = 'pending'), '3', 'the oldest first');

update crm.channel_accounts a set settings = '{"time_zone": "Mars/Olympus"}' where a.external_id = 'pgtap-merchant';
select is(tests.transform('contacts'), '{}', 'records of an account with a time zone that does not exist wait');
select tests.throws_code($$ select tests.land('contacts', tests.b2chat_contact(5)) $$, 'PT400', 'invalid_input', 'which landing for this account says');
select pg_temp.land_other(4);
select is(tests.transform('contacts'), '{"processed": 1, "created": 1}', 'that keeps nobody else waiting');
select is((select r.external_id from crm.raw_records r where r.status = 'pending'), '3', 'only its own account');
update crm.channel_accounts a set settings = '{"time_zone": "America/Bogota"}' where a.external_id = 'pgtap-merchant';
select is(tests.transform('contacts'), '{"processed": 1, "created": 1}', 'until it is corrected');

select tests.throws_code('select crm.transform_raw_contacts(0)', 'PT400', 'invalid_input', 'a limit of 0');
select tests.throws_code('select crm.transform_raw_contacts(501)', 'PT400', 'invalid_input', 'a limit of 501');
select tests.throws_code('select crm.transform_raw_chats(null)', 'PT400', 'invalid_input', 'no limit');

select * from finish();
rollback;
