-- I22
begin;
select plan(3);

select tests.create_acme();
select tests.create_workspace('pgtap-other');
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', '{"full_name": "Ana"}'));
select is((select u.outcome from crm.upsert_contact(tests.workspace_id('pgtap-other'), 'contacts_api', tests.person('{email:a@x.co}', '{"full_name": "Zoe"}')) u),
  'created', 'I22: the same person in another workspace is another contact');
select is((tests.contact('email:a@x.co')).full_name, 'Ana', 'I22: this one is as it was');
select is((select count(*)::int from crm.contacts c where c.workspace_id = tests.workspace_id('pgtap-other')), 1, 'I22: that one is there');

select * from finish();
rollback;
