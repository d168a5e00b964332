begin;
select plan(7);

select tests.furnish_acme();
select tests.authenticate_as('admin@acme.test');
select lives_ok($$ select crm.require_role(tests.workspace_id(), 'admin') $$, 'an admin is one');
select lives_ok($$ select crm.require_role(tests.workspace_id(), 'viewer') $$, 'and more than a viewer');
select tests.throws_code($$ select crm.require_role(tests.workspace_id(), 'owner') $$, 'PT403', 'forbidden', 'but no owner');
select tests.throws_code($$ select crm.require_role(tests.workspace_id(), 'boss') $$, 'PT400', 'invalid_input', 'a role that there is not, nobody has');
select tests.authenticate_as('outsider@other.test');
select tests.throws_code($$ select crm.require_role(tests.workspace_id(), 'viewer') $$, 'PT403', 'forbidden', 'nobody of another workspace');
select tests.throws_code($$ select crm.require_role(gen_random_uuid(), 'viewer') $$, 'PT403', 'forbidden', 'one that does not exist is as forbidden');
select tests.as_service();
select lives_ok($$ select crm.require_role(tests.workspace_id(), 'owner') $$, 'the backend may do anything');

select * from finish();
rollback;
