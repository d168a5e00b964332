-- I7
begin;
select plan(11);

select tests.create_acme();
select tests.deliver('{"thread_id": "t1", "participant": {"full_name": "Ana", "identities": [{"kind": "psid", "value": "hidden"}]}}'::jsonb
  || jsonb_build_object('events', jsonb_build_array(tests.said('m1', 1))));
select is((tests.conversation('t1')).contact_id, null, 'I7: no usable contact, no contact_id');
select is((tests.conversation('t1')).metadata #>> '{participant,full_name}', 'Ana', 'I7: the participant is kept as delivered');
select is((select e.contact_id from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id()), null, 'I7: its event has no contact either');
select is(tests.count_of('contacts'), 0, 'I7: nobody was created');

select tests.deliver(jsonb_build_object('thread_id', 't1', 'participant', '{"full_name": "Older", "identities": []}'::jsonb, 'events', jsonb_build_array(tests.said('m0', 0.5))));
select is((tests.conversation('t1')).metadata #>> '{participant,full_name}', 'Ana', 'I7: an older participant does not replace it');
select tests.deliver(jsonb_build_object('thread_id', 't1', 'participant', '{"full_name": "Ana Ruiz", "identities": []}'::jsonb, 'events', jsonb_build_array(tests.said('m2', 2))));
select is((tests.conversation('t1')).metadata #>> '{participant,full_name}', 'Ana Ruiz', 'I7: a newer one does');

select tests.deliver(tests.chat('P1', tests.said('m3', 3)) || '{"thread_id": "t1"}');
select is((tests.conversation('t1')).contact_id, (tests.contact('psid:P1')).id, 'I7: linked as soon as the participant is known');
select is(tests.count_of('contact_interaction_events', format('contact_id = %L', (tests.contact('psid:P1')).id)), 4, 'I7: with the events that came before');
select is((tests.conversation('t1')).metadata, '{}', 'I7: nothing of the participant is kept aside any more');
select is((tests.conversation('psid:P1')).id, (tests.conversation('t1')).id, 'and the participant''s key is known');
select is((tests.conversation('t1')).unread_count, 4, 'all along, unread messages counted');

select * from finish();
rollback;
