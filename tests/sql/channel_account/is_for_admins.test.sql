begin;
select plan(5);

select tests.furnish_acme();
select tests.throws_code('select crm.channel_account(gen_random_uuid())', 'PT404', 'not_found', 'there is no such account');
select tests.authenticate_as('admin@acme.test');
select results_eq($$ select * from crm.channel_account(tests.account_id('pgtap-merchant')) $$,
  $$ select tests.workspace_id(), 'b2chat'::text, 'pgtap-merchant'::text, '{}'::jsonb, true $$, 'an admin may sync the account');
select tests.throws_code('select crm.channel_account(gen_random_uuid())', 'PT403', 'forbidden', 'to a member, one that does not exist is forbidden');
select tests.authenticate_as('agent@acme.test');
select tests.throws_code($$ select crm.channel_account(tests.account_id('pgtap-merchant')) $$, 'PT403', 'forbidden', 'an agent may not');
select tests.authenticate_as('outsider@other.test');
select tests.throws_code($$ select crm.channel_account(tests.account_id('pgtap-merchant')) $$, 'PT403', 'forbidden', 'I22: nor may an owner of another workspace');

select * from finish();
rollback;
