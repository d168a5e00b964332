begin;
select plan(2);

select tests.create_acme();
select results_eq('select * from crm.contact_sync_stats(tests.workspace_id())', 'values (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint)', 'an empty workspace');

select tests.upsert('contacts_api', tests.person('{email:full@x.co}'));
select tests.deliver(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('m2', 2)));
update crm.contacts set created_at = now() - interval '8 days' where id = (tests.contact('psid:P1')).id;
-- Without a contact, and two stubs that turned out to be one.
select tests.deliver('{"thread_id": "t1", "events": []}');
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}')), tests.upsert('chat_embedded', tests.person('{phone:+573001112233}')),
  tests.upsert('chat_embedded', tests.person('{email:a@x.co,phone:+573001112233}'));

select results_eq('select * from crm.contact_sync_stats(tests.workspace_id())', 'values (4::bigint, 3::bigint, 1::bigint, 3::bigint, 1::bigint)',
  'contacts without merged ones, stubs, stubs older than seven days, conversations, orphans');

select * from finish();
rollback;
