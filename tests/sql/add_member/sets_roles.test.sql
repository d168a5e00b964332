begin;
select plan(5);

select tests.furnish_acme();
select tests.create_user('new@acme.test');
select tests.authenticate_as('owner@acme.test');

select lives_ok($$ select crm.add_member(tests.workspace_id(), tests.user_id('new@acme.test'), 'viewer') $$, 'an owner adds a member');
select is((select m.role from crm.workspace_members m where m.user_id = tests.user_id('new@acme.test')), 'viewer', 'with the role');
select lives_ok($$ select crm.add_member(tests.workspace_id(), tests.user_id('new@acme.test'), 'owner') $$, 'and changes the role');
select is((select m.role from crm.workspace_members m where m.user_id = tests.user_id('new@acme.test')), 'owner', 'to the new one');
select tests.clear_authentication();
select tests.writes_nothing($$ select crm.add_member(tests.workspace_id(), tests.user_id('new@acme.test'), 'owner') $$, 'the same again writes nothing');

select * from finish();
rollback;
