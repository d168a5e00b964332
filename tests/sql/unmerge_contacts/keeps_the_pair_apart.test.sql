-- I5, I6: an undone pair is a rejected candidate and is not merged on its own again.
begin;
select plan(10);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}')), tests.upsert('chat_embedded', tests.person('{phone:+573001112233}'));
-- A bridge merges them; somebody knows better.
select tests.upsert('chat_embedded', tests.person('{email:a@x.co,phone:+573001112233}'));
create temporary table merge as select m.* from crm.contact_merges m where m.workspace_id = tests.workspace_id();
select is((select count(*)::int from merge), 1, 'a delivery merges two stubs');
select crm.unmerge_contacts(m.id) from merge m;
select results_eq($$ select c.contact_a_id, c.contact_b_id, c.status, c.decided_at is not null from crm.merge_candidates c where c.workspace_id = tests.workspace_id() $$,
  $$ select least(m.survivor_id, m.duplicate_id), greatest(m.survivor_id, m.duplicate_id), 'rejected', true from merge m $$, 'I6: the pair is a rejected candidate');
select is((select c.evidence from crm.merge_candidates c where c.workspace_id = tests.workspace_id()), jsonb_build_object('undone_merge', m.id), 'I23: for this reason') from merge m;

select is((tests.upsert('chat_embedded', tests.person('{email:a@x.co,phone:+573001112233}', '{"full_name": "Ana"}')) ->> 'contact_id')::uuid, (tests.contact('phone:+573001112233')).id,
  'I6: who bridges them again is the strongest identity''s');
select is((tests.upsert('contacts_api', tests.person('{email:a@x.co,phone:+573001112233}')) ->> 'contact_id')::uuid, (tests.contact('phone:+573001112233')).id,
  'I6: the Contacts API''s too');
select is(tests.count_of('contacts', 'merged_into_id is null'), 2, 'I6: the two stay two');
select is(tests.count_of('merge_candidates', 'status <> ''rejected'''), 0, 'I6: and rejected');

-- Only a decision joins them again, and that is another merge.
select isnt(tests.merge('email:a@x.co', 'phone:+573001112233'), m.id, 'an agent may still merge them') from merge m;
select is((select c.status from crm.merge_candidates c where c.workspace_id = tests.workspace_id()), 'merged', 'and the pair is merged');
select tests.throws_code(format('select crm.unmerge_contacts(%L)', m.id), 'PT409', 'already_undone', 'I6: the first merge is undone for good') from merge m;

select * from finish();
rollback;
