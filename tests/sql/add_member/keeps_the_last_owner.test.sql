begin;
select plan(4);

select tests.furnish_acme();
select tests.throws_code($$ select crm.add_member(tests.workspace_id(), tests.user_id('owner@acme.test'), 'admin') $$, 'PT409', 'last_owner', 'the last owner stays one');
select lives_ok($$ select crm.add_member(tests.workspace_id(), tests.user_id('owner@acme.test'), 'owner') $$, 'who may be made owner again');
select lives_ok($$ select crm.add_member(tests.workspace_id(), tests.user_id('admin@acme.test'), 'owner') $$, 'with a second owner');
select lives_ok($$ select crm.add_member(tests.workspace_id(), tests.user_id('owner@acme.test'), 'admin') $$, 'the first may step down');

select * from finish();
rollback;
