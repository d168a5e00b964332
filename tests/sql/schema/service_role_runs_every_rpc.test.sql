-- The backend calls the functions that run with the caller's rights: its grants must suffice.
begin;
select plan(44);

select tests.furnish_acme();
select tests.as_service();

select lives_ok($$ select crm.create_workspace('pgtap-new', 'New', 'CO') $$, 'create_workspace');
select lives_ok($$ select crm.connect_channel(tests.workspace_id('pgtap-new'), 'messenger', 'pgtap-new-page', 'Page') $$, 'connect_channel');
select lives_ok($$ select crm.add_member(tests.workspace_id('pgtap-new'), tests.user_id('agent@acme.test'), 'viewer') $$, 'add_member');
select lives_ok($$ select crm.remove_member(tests.workspace_id('pgtap-new'), tests.user_id('agent@acme.test')) $$, 'remove_member');
select is(crm.update_workspace(tests.workspace_id('pgtap-new'), '{}', 'Newer'), '{}', 'update_workspace');
select is(crm.update_channel_account(tests.account_id('pgtap-new-page'), p_display_name => 'Newer'), '{}', 'update_channel_account');
select is((select u.outcome from crm.upsert_contact(tests.workspace_id(), 'contacts_api', tests.person('{email:new@x.co}')) u), 'created', 'upsert_contact');
select is((select b.events_inserted from crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'),
  jsonb_build_array(tests.chat('P1', tests.said('m2', 2)))) b), 1, 'bulk_upsert_conversations_with_events, the fast path');
select is((select u.is_new from crm.upsert_conversation_with_events(tests.account_id('pgtap-page'), tests.chat('P2', tests.said('m3', 3))) u), true,
  'upsert_conversation_with_events, the general path');
select is((select i.received from crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(tests.chat('P3'))) i), 1, 'ingest_webhook');
select is((select v.contacts > 0 from crm.contact_sync_stats(tests.workspace_id()) v), true, 'contact_sync_stats');
select lives_ok($$ select crm.update_conversation(v.id, v.version, '{"status": "closed"}') from crm.conversations v
  where v.workspace_id = tests.workspace_id() and v.contact_id is not null limit 1 $$, 'update_conversation');
select is((select b.outcome from crm.bulk_upsert_contacts(tests.workspace_id(), 'contacts_api', '[{"email": "newer@x.co"}]') b), 'created', 'bulk_upsert_contacts');
select is((select b.merged from crm.backfill_phones(tests.workspace_id()) b), 0, 'backfill_phones');
select is(crm.normalize_phone('300 123 4567', 'CO'), '+573001234567', 'normalize_phone');
select lives_ok($$ select * from crm.reconcile_contacts(p_workspace_id => tests.workspace_id()) $$, 'reconcile_contacts');
select lives_ok($$ select crm.require_role(tests.workspace_id(), 'owner') $$, 'require_role');
select matches(crm.schema_version(), '^[0-9]+[.][0-9]+[.][0-9]+$', 'schema_version');
select is(crm.normalize_email(' Ana@X.co'), 'ana@x.co', 'normalize_email');
select is((select a.channel from crm.channel_account(tests.account_id('pgtap-merchant')) a), 'b2chat', 'channel_account');
create temporary table lock as select * from crm.acquire_sync_lock('pgtap-resource', 'me');
select is((select l.acquired from lock l), true, 'acquire_sync_lock');
select isnt((select crm.extend_sync_lock('pgtap-resource', l.token) from lock l), null, 'extend_sync_lock');
select is((select l.landed from lock k, crm.land_raw_records(tests.account_id('pgtap-merchant'), 'chats', '[{"chat_id": "c1"}, {}]',
  '[{"reason": "malformed", "path": "$", "item": 1}]', 'pgtap-resource', k.token, '{"a": 1}') l), 1, 'land_raw_records');
select is(crm.sync_cursor(tests.workspace_id(), 'pgtap-resource'), '{"chats": {"a": 1}}', 'sync_cursor');
select is((select crm.release_sync_lock('pgtap-resource', l.token) from lock l), true, 'release_sync_lock');
create temporary table sync as select * from crm.start_sync(tests.account_id('pgtap-number'), 'whatsapp:pgtap-number:pgtap', 'full', 'me');
select is((select s.status from sync s), 'running', 'start_sync');
select is((select c.created from sync s, crm.commit_sync_page(s.run_id, s.token, '[{"thread_id": "pgtap-new", "events": []}]', '{"a": 1}', 1, '[1]') c), 1, 'commit_sync_page');
select is((select b.error from sync s, crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-number'), '[{"thread_id": "pgtap-new", "events": []}]', s.token) b),
  null, 'bulk_upsert_conversations_with_events, under a lock');
select lives_ok($$ select crm.finish_sync(s.run_id, s.token, 'completed') from sync s $$, 'finish_sync');
select is((select t.granted from crm.take_rate_limit('pgtap') t), true, 'take_rate_limit');
select lives_ok($$ select crm.set_rate_limit('pgtap', 20, 2) $$, 'set_rate_limit');
select lives_ok($$ select crm.block_rate_limit('pgtap', '1 minute') $$, 'block_rate_limit');
select is(crm.cleanup_expired_locks(), 1, 'cleanup_expired_locks');
select is((select t.created from crm.transform_raw_contacts() t), 1, 'transform_raw_contacts');
select is((select t.created from crm.transform_raw_chats() t), 1, 'transform_raw_chats');

select ok((select r.failed > 0 from crm.replay_dead_letters() r), 'replay_dead_letters');
select is((select r.replayed from crm.dead_letters d cross join lateral crm.replay_dead_letter(d.id) r where d.workspace_id = tests.workspace_id() limit 1), false, 'replay_dead_letter');
-- pg_cron runs jobs as whoever scheduled them: that is the owner.
select tests.throws_code($$ select crm.schedule_jobs('https://x.supabase.co', 'x') $$, 'PT403', 'forbidden', 'schedule_jobs');
select tests.throws_code($$ select crm.unschedule_jobs() $$, 'PT403', 'forbidden', 'unschedule_jobs');

select lives_ok($$ select crm.reject_merge_candidate(m.id) from crm.merge_candidates m where m.workspace_id = tests.workspace_id() and m.status = 'open' $$, 'reject_merge_candidate');
select lives_ok($$ select tests.merge('email:one@x.co', 'email:two@x.co') $$, 'merge_contacts');
select lives_ok($$ select crm.unmerge_contacts(m.id) from crm.contact_merges m where m.reason = 'they are one person' $$, 'unmerge_contacts');
select is(crm.explain_contact((tests.contact('email:one@x.co')).id) ->> 'contact_id', (tests.contact('email:one@x.co')).id::text, 'explain_contact');

select is_empty($$
  select p.oid::regprocedure
  from pg_proc p
  where p.pronamespace = 'crm'::regnamespace
    and p.proname <> all (array['create_workspace', 'connect_channel', 'add_member', 'remove_member', 'update_workspace', 'update_channel_account', 'upsert_contact', 'bulk_upsert_conversations_with_events',
      'upsert_conversation_with_events', 'ingest_webhook', 'contact_sync_stats', 'update_conversation', 'merge_contacts', 'unmerge_contacts', 'reject_merge_candidate', 'explain_contact',
      'bulk_upsert_contacts', 'backfill_phones', 'normalize_phone', 'normalize_email', 'reconcile_contacts', 'require_role',
      'channel_account', 'acquire_sync_lock', 'extend_sync_lock', 'release_sync_lock', 'cleanup_expired_locks', 'sync_cursor',
      'start_sync', 'commit_sync_page', 'finish_sync', 'take_rate_limit', 'set_rate_limit', 'block_rate_limit',
      'land_raw_records', 'transform_raw_contacts', 'transform_raw_chats',
      'replay_dead_letters', 'replay_dead_letter', 'schedule_jobs', 'unschedule_jobs', 'schema_version'])
$$, 'that is every function of schema crm (a new one is tried here too)');

select * from finish();
rollback;
