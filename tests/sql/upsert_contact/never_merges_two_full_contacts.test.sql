-- I5
begin;
select plan(6);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', '{"full_name": "Ana"}')), tests.upsert('contacts_api', tests.person('{phone:+573001112233}', '{"full_name": "Bea"}'));
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co,phone:+573001112233}')) ->> 'outcome', 'linked', 'I5: a chat speaks of two full contacts as one');
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co,phone:+573001112233}')) ->> 'outcome', 'unchanged', 'I5: and so does the API');
select is(tests.count_of('contacts', 'merged_into_id is null'), 2, 'I5: they stay two');
select is(tests.count_of('contact_merges'), 0, 'I5: no merge is made');
select results_eq($$ select m.contact_a_id, m.contact_b_id, m.status from crm.merge_candidates m where m.workspace_id = tests.workspace_id() $$,
  $$ select least((a).id, (b).id), greatest((a).id, (b).id), 'open' from tests.contact('email:a@x.co') a, tests.contact('phone:+573001112233') b $$,
  'I5: they are one merge candidate, once');
select is((select m.evidence from crm.merge_candidates m where m.workspace_id = tests.workspace_id()),
  '{"identities": [{"kind": "email", "scope": "", "value": "a@x.co"}]}', 'I5: with the identity that stayed elsewhere as evidence');

select * from finish();
rollback;
