begin;
select plan(10);

select tests.create_acme();
select tests.throws_code('select crm.reconcile_contacts(tests.workspace_id(), p_limit => 0)', 'PT400', 'invalid_input');
select tests.throws_code('select crm.reconcile_contacts(tests.workspace_id(), p_limit => 2001)', 'PT400', 'invalid_input');
select tests.throws_code('select crm.reconcile_contacts(tests.workspace_id(), p_limit => null)', 'PT400', 'invalid_input');
select tests.throws_code($$ select crm.reconcile_contacts(tests.workspace_id(), '-1 second') $$, 'PT400', 'invalid_input');
select tests.throws_code($$ select crm.reconcile_contacts(tests.workspace_id(), '1000 years') $$, 'PT400', 'invalid_input');
select tests.throws_code('select crm.reconcile_contacts(tests.workspace_id(), null)', 'PT400', 'invalid_input');
select tests.throws_code('select crm.reconcile_contacts(gen_random_uuid())', 'PT404', 'not_found');
select lives_ok('select crm.reconcile_contacts(tests.workspace_id(), p_limit => 2000)', 'the most there is');

select tests.create_member(tests.workspace_id(), 'owner@acme.test', 'owner');
select tests.authenticate_as('owner@acme.test');
select tests.throws_code('select crm.reconcile_contacts(tests.workspace_id())', '42501', null, 'it is the backend''s, not a member''s');
select tests.as_service();
select lives_ok('select crm.reconcile_contacts(tests.workspace_id())', 'the backend may');

select * from finish();
rollback;
