-- I15: nothing is lost when an account is connected late.
begin;
select plan(11);

select tests.create_acme();
create function pg_temp.bring() returns void language sql as $$
  select crm.ingest_webhook('messenger', 'pgtap-late', jsonb_build_array(tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2)), tests.chat('P2'), '7'::jsonb),
    '[{"reason": "malformed", "path": "$.entry[0]", "item": {"x": 1}}]')
$$;
select pg_temp.bring();
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (0, 0), 'as long as nobody has connected it, nothing is tried');
select crm.connect_channel(tests.workspace_id(), 'messenger', 'pgtap-late', 'Late');
create temporary table before as select d.id, d.item from crm.dead_letters d where d.account_external_id = 'pgtap-late';
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (2, 2), 'I15: once it is, the two items are stored, and two are still bad');
select is((select array_agg(m.provider_message_id order by m.sent_at) from crm.messages m where m.channel_account_id = tests.account_id('pgtap-late')), '{m1,m2}', 'I15: with all messages');
select is(tests.count_of('conversations'), 2, 'I15: and conversations');
select set_eq($$ select d.item, d.status, d.reason, d.replay_error ->> 'code', d.attempts from crm.dead_letters d where d.workspace_id = tests.workspace_id() $$, $$ values
  (tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2)), 'replayed', 'unknown_account', null, 1), (tests.chat('P2'), 'replayed', 'unknown_account', null, 1),
  ('7', 'open', 'invalid_item', 'invalid_item', 2), ('{"x": 1}', 'open', 'malformed', 'needs_translation', 2) $$, 'all are the workspace''s now, and say what became of them');
select is((select array_agg(distinct d.channel_account_id) from crm.dead_letters d where d.workspace_id = tests.workspace_id()), array[tests.account_id('pgtap-late')], 'and the account''s');
select is_empty($$ select from crm.dead_letters d where d.account_external_id = 'pgtap-late' and d.workspace_id is null $$, 'none is left without a workspace');
select is_empty($$ select b.id from before b where b.item <> '7' except select d.id from crm.dead_letters d $$, 'they keep their ids');

create temporary table state as select tests.state(tests.workspace_id()) as state;
select pg_temp.bring();
select is(tests.state(tests.workspace_id()), s.state, 'I10: what a provider delivers again changes nothing') from state s;

-- The same item with and without a workspace.
insert into crm.dead_letters (channel, account_external_id, reason, item, item_hash)
select d.channel, d.account_external_id, 'unknown_account', d.item, d.item_hash from crm.dead_letters d where d.item in ('7', tests.chat('P2'));
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (1, 2), 'what the workspace has already is replayed too');
select is((select count(*)::int from crm.dead_letters d where d.account_external_id = 'pgtap-late'), 4, 'I15: and the same item is one row');

select * from finish();
rollback;
