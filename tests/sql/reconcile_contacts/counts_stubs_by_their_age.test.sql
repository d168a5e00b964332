begin;
select plan(5);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}')), tests.upsert('chat_embedded', tests.person('{email:b@x.co}')), tests.upsert('contacts_api', tests.person('{email:full@x.co}'));
update crm.contacts c set created_at = now() - interval '8 days' where c.id in ((tests.contact('email:a@x.co')).id, (tests.contact('email:full@x.co')).id);
update crm.contacts c set created_at = now() - interval '2 hours' where c.id = (tests.contact('email:b@x.co')).id;
select is((select r.stale_stubs_found from crm.reconcile_contacts(tests.workspace_id()) r), 1, 'older than seven days; a full contact never is');
select is((select r.stale_stubs_found from crm.reconcile_contacts(tests.workspace_id(), '1 hour') r), 2, 'older than an hour');
select is((select r.stale_stubs_found from crm.reconcile_contacts(tests.workspace_id(), '30 days') r), 0, 'older than thirty days');
select is((select r.stale_stubs_found from crm.reconcile_contacts(tests.workspace_id(), '0') r), 2, 'of any age');
select tests.upsert('contacts_api', tests.person('{email:a@x.co}'));
select is((select r.stale_stubs_found from crm.reconcile_contacts(tests.workspace_id()) r), 0, 'not any more when the API has delivered them');

select * from finish();
rollback;
