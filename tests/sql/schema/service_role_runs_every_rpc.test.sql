-- The backend calls the functions that run with the caller's rights: its grants must suffice.
begin;
select plan(10);

select tests.furnish_acme();
select tests.as_service();

select lives_ok($$ select crm.create_workspace('pgtap-new', 'New', 'CO') $$, 'create_workspace');
select lives_ok($$ select crm.connect_channel(tests.workspace_id('pgtap-new'), 'messenger', 'pgtap-new-page', 'Page') $$, 'connect_channel');
select lives_ok($$ select crm.add_member(tests.workspace_id('pgtap-new'), tests.user_id('agent@acme.test'), 'viewer') $$, 'add_member');
select is((select u.outcome from crm.upsert_contact(tests.workspace_id(), 'contacts_api', tests.person('{email:new@x.co}')) u), 'created', 'upsert_contact');
select is((select b.events_inserted from crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'),
  jsonb_build_array(tests.chat('P1', tests.said('m2', 2)))) b), 1, 'bulk_upsert_conversations_with_events, the short way');
select is((select u.is_new from crm.upsert_conversation_with_events(tests.account_id('pgtap-page'), tests.chat('P2', tests.said('m3', 3))) u), true,
  'upsert_conversation_with_events, the general way');
select is((select i.received from crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(tests.chat('P3'))) i), 1, 'ingest_webhook');
select is((select v.contacts > 0 from crm.contact_sync_stats(tests.workspace_id()) v), true, 'contact_sync_stats');
select lives_ok($$ select crm.update_conversation(v.id, v.version, '{"status": "closed"}') from crm.conversations v
  where v.workspace_id = tests.workspace_id() and v.contact_id is not null limit 1 $$, 'update_conversation');

select is_empty($$
  select p.oid::regprocedure
  from pg_proc p
  where p.pronamespace = 'crm'::regnamespace
    and p.proname <> all (array['create_workspace', 'connect_channel', 'add_member', 'upsert_contact', 'bulk_upsert_conversations_with_events',
      'upsert_conversation_with_events', 'ingest_webhook', 'contact_sync_stats', 'update_conversation'])
$$, 'that is every function of schema crm (a new one is tried here too)');

select * from finish();
rollback;
