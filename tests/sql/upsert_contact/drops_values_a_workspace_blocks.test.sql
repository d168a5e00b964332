begin;
select plan(4);

select tests.furnish_acme();
select is(tests.upsert('chat_embedded', tests.person('{email:front-desk@acme.test}')) ->> 'outcome', 'ignored', 'a pattern of the workspace');
select is(tests.upsert('chat_embedded', tests.person('{email:front-desk@acme.test.co}')) ->> 'outcome', 'created', 'must match the whole value');
select is(tests.upsert('chat_embedded', tests.person('{identification:x@acme.test}')) ->> 'outcome', 'created', 'and is for its kind alone');
select is((select u.outcome from crm.upsert_contact(tests.workspace_id('pgtap-other'), 'chat_embedded', tests.person('{email:front-desk@acme.test}')) u),
  'created', 'I22: it says nothing to other workspaces');

select * from finish();
rollback;
