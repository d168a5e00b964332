begin;
select plan(9);

select tests.furnish_acme();
select tests.create_member(tests.workspace_id('pgtap-other'), 'agent@acme.test', 'viewer');
select tests.authenticate_as('owner@acme.test');
select lives_ok($$ select crm.remove_member(tests.workspace_id(), tests.user_id('agent@acme.test')) $$, 'an owner removes a member');
select is((select count(*)::int from crm.workspace_members m where m.workspace_id = tests.workspace_id() and m.user_id = tests.user_id('agent@acme.test')), 0, 'who is one no longer');
select is((select count(*)::int from crm.workspace_members m where m.workspace_id = tests.workspace_id()), 3, 'the others stay');
select tests.clear_authentication();
select is((select count(*)::int from auth.users u where u.email = 'agent@acme.test'), 1, 'and so does the user');
select is((select m.role from crm.workspace_members m where m.workspace_id = tests.workspace_id('pgtap-other') and m.user_id = tests.user_id('agent@acme.test')),
  'viewer', 'who stays a member of another workspace');

select tests.authenticate_as('agent@acme.test');
select is((select count(*)::int from crm.contacts c where c.workspace_id = tests.workspace_id()), 0, 'who is still signed in, and sees nothing');
select tests.throws_code($$ select crm.contact_sync_stats(tests.workspace_id()) $$, 'PT403', 'forbidden', 'and may call nothing');
select tests.clear_authentication();

select lives_ok($$ select crm.add_member(tests.workspace_id(), tests.user_id('agent@acme.test'), 'viewer') $$, 'can be made a member again');
select is((select m.role from crm.workspace_members m where m.workspace_id = tests.workspace_id() and m.user_id = tests.user_id('agent@acme.test')), 'viewer', 'with a new role');

select * from finish();
rollback;
