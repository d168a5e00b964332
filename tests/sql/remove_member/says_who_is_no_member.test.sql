-- An owner who mistypes an id must not believe that somebody has lost access.
begin;
select plan(8);

select tests.furnish_acme();
select tests.throws_code(c.call, 'PT404', 'not_found', c.description)
from (values
  ('select crm.remove_member(tests.workspace_id(), gen_random_uuid())', 'an unknown user'),
  ('select crm.remove_member(tests.workspace_id(), null)', 'no user'),
  ('select crm.remove_member(tests.workspace_id(), tests.user_id(''outsider@other.test''))', 'a member of another workspace'),
  ('select crm.remove_member(gen_random_uuid(), tests.user_id(''owner@acme.test''))', 'an unknown workspace'),
  ('select crm.remove_member(null, tests.user_id(''owner@acme.test''))', 'no workspace')
) c (call, description);
select lives_ok($$ select crm.remove_member(tests.workspace_id(), tests.user_id('viewer@acme.test')) $$, 'a member');
select tests.throws_code($$ select crm.remove_member(tests.workspace_id(), tests.user_id('viewer@acme.test')) $$, 'PT404', 'not_found', 'the same again: it is done already');
select is((select count(*)::int from crm.workspace_members m where m.workspace_id in (tests.workspace_id(), tests.workspace_id('pgtap-other'))), 4, 'nobody else has gone');

select * from finish();
rollback;
