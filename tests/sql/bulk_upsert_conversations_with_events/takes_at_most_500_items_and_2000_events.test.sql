begin;
select plan(9);

select tests.create_acme();
create temporary table people as select jsonb_agg(tests.chat('P' || n)) as items from generate_series(1, 500) n;
create temporary table talk as select jsonb_agg(tests.said('m' || n, n)) as events from generate_series(1, 2000) n;
grant select on people, talk to public;

select tests.throws_code($$ select crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'), p.items || tests.chat('more')) from people p $$,
  'PT400', 'invalid_input', '501 items');
select tests.throws_code($$ select crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'), jsonb_build_array(
  tests.chat('P1') || jsonb_build_object('events', t.events), tests.chat('P2', tests.said('more', 1)))) from talk t $$, 'PT400', 'invalid_input', '2001 events');
select tests.throws_code($$ select crm.ingest_webhook('messenger', 'pgtap-page', p.items || tests.chat('more')) from people p $$, 'PT400', 'invalid_input', '501 items of a webhook');
select tests.throws_code($$ select crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(
  tests.chat('P1') || jsonb_build_object('events', t.events), tests.chat('P2', tests.said('more', 1)))) from talk t $$, 'PT400', 'invalid_input', '2001 events of a webhook');
select is(tests.count_of('conversations') + tests.count_of('messages') + tests.count_of('dead_letters'), 0, 'nothing is kept of a call that is refused');

select is((select count(*)::int from people p cross join lateral crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'), p.items)), 500, '500 items are taken');
select is(tests.count_of('conversations'), 500, 'and stored');
select is((select b.events_inserted from talk t cross join lateral crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'),
  jsonb_build_array(tests.chat('P1') || jsonb_build_object('events', t.events))) b), 2000, '2,000 events are taken');
select is(tests.count_of('messages'), 2000, 'and stored');

select * from finish();
rollback;
