-- I5: an identity never leads to a contact that was merged away.
begin;
select plan(3);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}')), tests.upsert('chat_embedded', tests.person('{phone:+573001112233}')),
  tests.upsert('contacts_api', tests.person('{email:a@x.co,phone:+573001112233}'));
select is_empty($$
  select from crm.contact_identities i join crm.contacts c on c.workspace_id = i.workspace_id and c.id = i.contact_id
  where i.workspace_id = tests.workspace_id() and c.merged_into_id is not null
$$, 'I5: no identity is left behind');
select is((tests.contact('email:a@x.co')).id, (tests.contact('phone:+573001112233')).id, 'I5: both lead to one contact');
select is(tests.upsert('chat_embedded', tests.person('{phone:+573001112233}', '{"city": "Cali"}')) ->> 'outcome', 'updated', 'I5: which takes what comes next');

select * from finish();
rollback;
