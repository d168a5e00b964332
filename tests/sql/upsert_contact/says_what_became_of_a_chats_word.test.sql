begin;
select plan(8);

select tests.create_acme();
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'source_updated_at', tests.ms(10)))) - 'contact_id',
  '{"outcome": "created", "sync_source": "chat_embedded", "version": 1}', 'created: a stub');
select is((tests.contact('email:a@x.co')).needs_full_sync, true, 'which needs the Contacts API');
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'source_updated_at', tests.ms(10)))) - 'contact_id',
  '{"outcome": "unchanged", "sync_source": "chat_embedded", "version": 1}', 'unchanged: nothing new');
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana Ruiz', 'source_updated_at', tests.ms(20)))) - 'contact_id',
  '{"outcome": "updated", "sync_source": "chat_embedded", "version": 2}', 'updated: a newer value');
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Zoe', 'source_updated_at', tests.ms(15)))) - 'contact_id',
  '{"outcome": "stale", "sync_source": "chat_embedded", "version": 2}', 'stale: only older values');
select is((tests.contact('email:a@x.co')).full_name, 'Ana Ruiz', 'which change nothing');
select is(tests.upsert('chat_embedded', tests.person('{}', '{"full_name": "Ana"}')),
  '{"contact_id": null, "outcome": "ignored", "sync_source": null, "version": null}', 'ignored: no identity');
select is(tests.count_of('contacts'), 1, 'one contact in all');

select * from finish();
rollback;
