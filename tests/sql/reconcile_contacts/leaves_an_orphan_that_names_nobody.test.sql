-- A name is never an identity.
begin;
select plan(7);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{email:maria@x.co}', '{"full_name": "María"}'));
select tests.deliver('{"thread_id": "t1", "participant": {"full_name": "María", "identities": []}}'::jsonb || jsonb_build_object('events', jsonb_build_array(tests.said('m1', 1))));
select tests.deliver('{"thread_id": "t2", "events": []}');
-- Keys and identities that are blocked: nothing would lead back to the conversation.
select tests.deliver(tests.chat('P1', tests.said('m2', 2)));
delete from crm.contacts c where c.id = (tests.contact('psid:P1')).id;
insert into crm.blocked_identity_values (workspace_id, kind, pattern) values (tests.workspace_id(), 'psid', 'P1');
update crm.conversations v set metadata = '{"participant": {"full_name": "Ana", "identities": [{"kind": "email", "value": "ana@x.co"}]}}' where v.id = (tests.conversation('psid:P1')).id;

select tests.writes_nothing('select * from crm.reconcile_contacts(tests.workspace_id())', 'nothing is written');
select results_eq('select * from crm.reconcile_contacts(tests.workspace_id())', 'values (0, 0, 0, 0, false)', 'nothing is fixed, and the walk ends');
select is((tests.conversation('t1')).contact_id, null, 'María is nobody''s María');
select is((tests.conversation('t1')).metadata #>> '{participant,full_name}', 'María', 'the name is kept');
select is((tests.conversation('t2')).contact_id, null, 'nor is one without any participant linked');
select is((tests.conversation('psid:P1')).contact_id, null, 'nor one that only a blocked key leads to');
select is((select count(*)::int from crm.dead_letters d where d.workspace_id = tests.workspace_id()), 0, 'passed by: no dead letter');

select * from finish();
rollback;
