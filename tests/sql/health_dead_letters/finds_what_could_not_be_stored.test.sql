begin;
select plan(4);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
select is(tests.unhealthy('dead_letters'), '{}', 'what is stored is healthy');
select tests.deliver('7');
select is(tests.unhealthy('dead_letters'), '{messenger:pgtap-page}', 'a malformed item is found');
update crm.dead_letters d set status = 'discarded' where d.workspace_id = tests.workspace_id();
select is(tests.unhealthy('dead_letters'), '{}', 'until somebody discards its letter');

select crm.ingest_webhook('messenger', 'pgtap-nobodys-page', '[{"events": []}]');
select is((select (h.workspace_id, h.ok, h.detail ->> 'reason') from crm.health_dead_letters h where h.subject = 'messenger:pgtap-nobodys-page'),
  (null::uuid, false, 'not connected'::text), 'a delivery for an account that nobody connected is found, in no workspace');

select * from finish();
rollback;
