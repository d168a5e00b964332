-- I7
begin;
select plan(1);

select tests.create_acme();
select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('thread_id', 't1', 'participant', '{"full_name": "Ana", "identities": []}'::jsonb, 'events', jsonb_build_array(tests.said('m1', 1))),
  jsonb_build_object('thread_id', 't1', 'participant', '{"full_name": "Bea", "identities": []}'::jsonb, 'events', jsonb_build_array(tests.said('m2', 2), tests.status('m4', 'read', 1.5))),
  jsonb_build_object('thread_id', 't1', 'participant', '{"full_name": "Cleo", "identities": []}'::jsonb, 'updated_at', tests.ms(2), 'events', '[]'::jsonb),
  jsonb_build_object('thread_id', 't1', 'events', jsonb_build_array(tests.sent('m4', 4)))
], $$ (tests.conversation('t1')).metadata #>> '{participant,full_name}' = 'Cleo' and (tests.conversation('t1')).unread_count = 2 and (tests.message('m4')).status = 'read' $$,
  'I7: of two participants of the same time the greater one is kept');

select * from finish();
rollback;
