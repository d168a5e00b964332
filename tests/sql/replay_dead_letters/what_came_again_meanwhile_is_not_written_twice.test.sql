-- I10, I15
begin;
select plan(4);

select tests.create_acme();
update crm.channel_accounts set is_active = false where external_id = 'pgtap-page';
select crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('n1', 1), tests.said('n2', 2))));
update crm.channel_accounts set is_active = true where external_id = 'pgtap-page';
select tests.deliver(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('n1', 1), tests.said('n2', 2)));
create temporary table before as select r.relation, r.content from tests.rows(tests.workspace_id()) r where r.relation <> 'dead_letters';
create temporary table versions as select v.id, v.version from crm.conversations v where v.workspace_id = tests.workspace_id();
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (2, 0), 'what is stored already counts as replayed');
select set_eq($$ select r.relation, r.content from tests.rows(tests.workspace_id()) r where r.relation <> 'dead_letters' $$, $$ select * from before $$, 'I10: and changes nothing');
select set_eq($$ select v.id, v.version from crm.conversations v where v.workspace_id = tests.workspace_id() $$, $$ select * from versions $$, 'I10: not even a version');
select tests.writes_nothing('select crm.replay_dead_letters()', 'with nothing left to do, a replay writes nothing');

select * from finish();
rollback;
