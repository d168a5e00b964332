begin;
select plan(8);

select tests.furnish_acme();
select tests.authenticate_as('owner@acme.test');
select tests.throws_code($$ select crm.remove_member(tests.workspace_id(), tests.user_id('owner@acme.test')) $$, 'PT409', 'last_owner', 'the last owner stays');
select lives_ok($$ select crm.remove_member(tests.workspace_id(), tests.user_id('viewer@acme.test')) $$, 'a viewer may go, with one owner there');
select lives_ok($$ select crm.add_member(tests.workspace_id(), tests.user_id('admin@acme.test'), 'owner') $$, 'with a second owner');
select lives_ok($$ select crm.remove_member(tests.workspace_id(), tests.user_id('owner@acme.test')) $$, 'the first may leave');
select tests.throws_code($$ select crm.remove_member(tests.workspace_id(), tests.user_id('admin@acme.test')) $$, 'PT403', 'forbidden', 'and decides nothing from then on');
select tests.clear_authentication();
select tests.throws_code($$ select crm.remove_member(tests.workspace_id(), tests.user_id('admin@acme.test')) $$, 'PT409', 'last_owner', 'the backend keeps the last owner too');

-- A workspace that the backend set up without an owner.
select tests.create_member(tests.create_workspace('pgtap-new'), 'agent@acme.test', 'agent');
select lives_ok($$ select crm.remove_member(tests.workspace_id('pgtap-new'), tests.user_id('agent@acme.test')) $$, 'nobody is the last owner where there is none');
select is((select count(*)::int from crm.workspace_members m where m.workspace_id = tests.workspace_id('pgtap-new')), 0, 'and the member is gone');

select * from finish();
rollback;
