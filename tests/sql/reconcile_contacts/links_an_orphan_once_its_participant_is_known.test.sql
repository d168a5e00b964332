-- I7, I10: an orphan is linked as any delivery would link it.
begin;
select plan(17);

select tests.create_acme();

-- A value that was blocked by mistake.
insert into crm.blocked_identity_values (workspace_id, kind, pattern) values (tests.workspace_id(), 'psid', 'P1');
select tests.deliver(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana"}'), tests.said('m1', 1), tests.said('m2', 2)) || '{"thread_id": "t1"}');
select is((tests.conversation('t1')).contact_id, null, 'blocked: an orphan');
select tests.writes_nothing('select * from crm.reconcile_contacts(tests.workspace_id())', 'and stays one, untouched, while the value is blocked');
delete from crm.blocked_identity_values b where b.workspace_id = tests.workspace_id();
select results_eq('select * from crm.reconcile_contacts(tests.workspace_id())', 'values (1, 0, 0, 0, false)', 'not blocked any more: linked');
select is((tests.conversation('t1')).contact_id, (tests.contact('psid:P1')).id, 'I7: to the contact of the id');
select is((tests.contact('psid:P1')).full_name, 'Ana', 'who has the name that was kept');
select is((tests.contact('psid:P1')).field_sources #>> '{full_name,source}', 'chat_embedded', 'as a chat''s word');
select is(((tests.contact('psid:P1')).field_sources #>> '{full_name,at}')::timestamptz, tests.moment(2), 'of the time it was said');
select is((tests.conversation('t1')).metadata, '{}', 'I7: nothing of the participant is kept aside any more');
select is((tests.conversation('psid:P1')).id, (tests.conversation('t1')).id, 'the participant''s key is known');
select is(tests.count_of('contact_interaction_events', format('contact_id = %L', (tests.contact('psid:P1')).id)), 2, 'I10: with its events');
select is((tests.conversation('t1')).unread_count, 2, 'and nothing is counted twice');
select tests.writes_nothing('select * from crm.reconcile_contacts(tests.workspace_id())', 'then there is nothing to do');

-- A contact that was deleted: the participant's key still says who it was.
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}'), tests.said('w1', 1)));
delete from crm.contacts c where c.id = (tests.contact('wa_id:573001112233')).id;
set constraints all immediate;
set constraints all deferred;
select is((tests.conversation('wa_id:573001112233')).contact_id, null, 'its contact was deleted: an orphan');
select tests.upsert('contacts_api', tests.person('{phone:+573001112233}', '{"full_name": "Eva"}'));
select results_eq('select * from crm.reconcile_contacts(tests.workspace_id())', 'values (1, 0, 0, 0, false)', 'linked by its key');
select is((select c.full_name from crm.contacts c where c.id = (tests.conversation('wa_id:573001112233')).contact_id), 'Eva', 'to the contact that was made meanwhile');
select is(tests.count_of('contacts'), 2, 'nobody else was made');
select is((select count(*)::int from crm.dead_letters d where d.workspace_id = tests.workspace_id()), 0, 'nothing was refused on the way');

select * from finish();
rollback;
