begin;
select plan(5);

select tests.furnish_acme();
select tests.throws_code($$ select crm.add_member(tests.workspace_id(), tests.user_id('viewer@acme.test'), 'god') $$, 'PT400', 'invalid_input', 'an unknown role');
select tests.throws_code($$ select crm.add_member(tests.workspace_id(), tests.user_id('viewer@acme.test'), null) $$, 'PT400', 'invalid_input', 'no role');
select tests.throws_code($$ select crm.add_member(gen_random_uuid(), tests.user_id('viewer@acme.test'), 'viewer') $$, 'PT404', 'not_found', 'an unknown workspace');
select tests.throws_code($$ select crm.add_member(tests.workspace_id(), gen_random_uuid(), 'viewer') $$, 'PT404', 'not_found', 'an unknown user');
select is((select m.role from crm.workspace_members m where m.user_id = tests.user_id('viewer@acme.test')), 'viewer', 'nothing has changed');

select * from finish();
rollback;
