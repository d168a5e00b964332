-- Contacts that were there before anybody asked where they came from are the Contacts API's.
begin;
select plan(8);

select tests.create_acme();
insert into crm.contacts (workspace_id, full_name) values (tests.workspace_id(), 'Ana');
select results_eq($$ select c.sync_source, c.needs_full_sync from crm.contacts c where c.workspace_id = tests.workspace_id() $$,
  $$ values ('contacts_api', false) $$, 'a row that says nothing is full');
select throws_ok($$ insert into crm.contacts (workspace_id, sync_source) values (tests.workspace_id(), 'elsewhere') $$, '23514', null, 'there are three sources');
select throws_ok($$ insert into crm.contacts (workspace_id, sync_source) values (tests.workspace_id(), 'chat_embedded') $$, '23514', null, 'a stub needs the Contacts API');
select throws_ok(format($$ insert into crm.contacts (workspace_id, sync_source, needs_full_sync) values (tests.workspace_id(), %L, true) $$, s.source), '23514', null,
  'and nobody else does: ' || s.source)
from unnest(array['contacts_api', 'upgraded']) s (source);
select throws_ok($$ update crm.contacts set sync_source = null $$, '23502', null, 'the source is never unknown');
select has_index('crm', 'contacts', 'contacts_needing_sync_idx', array['workspace_id', 'created_at'], 'stubs are found by an index, oldest first');
select is((select pg_get_expr(i.indpred, i.indrelid) from pg_catalog.pg_index i where i.indexrelid = 'crm.contacts_needing_sync_idx'::regclass),
  '(needs_full_sync AND (merged_into_id IS NULL))', 'which holds nothing else');

select * from finish();
rollback;
