-- I10: a message whose event the tables refuse is not stored either.
begin;
select plan(6);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
alter table crm.contact_interaction_events add constraint made_to_fail check (event_key not like 'message:bad%');
select is(tests.deliver(tests.chat('P1', tests.said('bad1', 2))) #>> '{0,error,code}', 'refused_by_database', 'I10: on the fast path');
select is(tests.deliver(tests.general_path(tests.chat('P1', tests.said('bad2', 2)))) #>> '{0,error,code}', 'refused_by_database', 'I10: on the general path');
select is(tests.deliver(tests.chat('P1', tests.said('bad3', 2)), tests.chat('P1', tests.said('m2', 2))) #>> '{1,events_inserted}', '1', 'I10: a neighbour goes in');
select is((select array_agg(m.provider_message_id order by m.provider_message_id) from crm.messages m where m.workspace_id = tests.workspace_id()), array['m1', 'm2'], 'I10: no message without its event');
select is((tests.conversation('psid:P1')).unread_count, 2, 'nor is it counted');
select is(tests.count_of('dead_letters'), 3, 'I15: they are dead letters');

select * from finish();
rollback;
