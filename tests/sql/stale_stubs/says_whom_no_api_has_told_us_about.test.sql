begin;
select plan(4);

select tests.furnish_acme();
select tests.deliver(tests.item(tests.person('{psid:P7}', '{"full_name": "Ana", "mobile": "300 123 4567"}'), tests.said('m7', 7)));
select tests.deliver(tests.chat('P8', tests.said('m8', 8)));
select tests.upsert('contacts_api', tests.person('{email:full@x.co}'));
update crm.contacts c set created_at = now() - interval '8 days' where c.workspace_id = tests.workspace_id() and c.id not in ((tests.contact('psid:P1')).id);
update crm.contacts c set created_at = now() - interval '9 days' where c.id = (tests.contact('psid:P7')).id;
delete from crm.contacts c where c.workspace_id = tests.workspace_id() and not c.needs_full_sync;
select tests.upsert('contacts_api', tests.person('{email:full@x.co}'));

select tests.authenticate_as('viewer@acme.test');
select results_eq($$ select s.full_name, s.conversations::int, s.last_message_at, s.age from crm.stale_stubs s where s.conversations > 0 $$,
  $$ values (null::text, 1, tests.moment(8), interval '8 days'), ('Ana', 1, tests.moment(7), interval '9 days') $$, 'stubs older than seven days, who wrote last first');
select is((select s.identities from crm.stale_stubs s where s.full_name = 'Ana'),
  '[{"kind": "phone", "scope": "", "value": "+573001234567"}, {"kind": "psid", "scope": "pgtap-page", "value": "P7"}]', 'with the ids to look them up by');
select is((select count(*)::int from crm.stale_stubs s join crm.contacts c on c.id = s.contact_id where not c.needs_full_sync or c.merged_into_id is not null or c.created_at > now() - interval '7 days'),
  0, 'nobody who is full, merged away or new');
select tests.authenticate_as('outsider@other.test');
select is_empty('select * from crm.stale_stubs', 'members of others see none');

select * from finish();
rollback;
