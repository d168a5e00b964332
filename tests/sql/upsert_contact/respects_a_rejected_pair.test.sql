-- I5, I6: what somebody kept apart is not merged on its own.
begin;
select plan(3);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}')), tests.upsert('chat_embedded', tests.person('{phone:+573001112233}'));
insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, status)
select tests.workspace_id(), least((a).id, (b).id), greatest((a).id, (b).id), 'rejected' from tests.contact('email:a@x.co') a, tests.contact('phone:+573001112233') b;
select is((tests.upsert('chat_embedded', tests.person('{email:a@x.co,phone:+573001112233}')) ->> 'contact_id')::uuid, (tests.contact('phone:+573001112233')).id,
  'the strongest identity''s contact is meant');
select is(tests.count_of('contacts', 'merged_into_id is null'), 2, 'the two stay two');
select is((select array_agg(m.status) from crm.merge_candidates m where m.workspace_id = tests.workspace_id()), array['rejected'], 'and rejected');

select * from finish();
rollback;
