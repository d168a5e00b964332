begin;
select plan(1);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{email:a@x.co}')), tests.upsert('chat_embedded', tests.person('{email:b@x.co}')), tests.upsert('chat_embedded', tests.person('{email:c@x.co}')),
  tests.upsert('chat_embedded', tests.person('{email:d@x.co}'));
select tests.upsert('contacts_api', tests.person('{email:d@x.co}'));
-- Two stubs that turn out to be one are one.
select tests.upsert('chat_embedded', tests.person('{email:b@x.co,email:c@x.co}'));
select results_eq($$ select o.sync_source, o.contacts::int, o.needing_full_sync::int from crm.contact_sync_overview o where o.workspace_id = tests.workspace_id() order by 1 $$,
  $$ values ('chat_embedded', 1, 1), ('contacts_api', 1, 0), ('upgraded', 1, 0) $$, 'one row per source, without those merged away');

select * from finish();
rollback;
