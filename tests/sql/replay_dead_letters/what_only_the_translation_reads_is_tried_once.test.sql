begin;
select plan(5);

select tests.create_acme();
select crm.ingest_webhook('messenger', 'pgtap-page', '[]', '[{"reason": "pending_support", "path": "$.entry[0]", "item": {"x": 1}}, {"reason": "malformed", "path": "$.entry[1]", "item": {"x": 2}}]');
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (0, 2), 'what a provider sent fails');
select is((select array_agg(distinct d.replay_error ->> 'code' || ' ' || d.status || ' ' || d.attempts) from crm.dead_letters d where d.workspace_id = tests.workspace_id()), '{"needs_translation open 2"}', 'it says why, and stays open');
select tests.writes_nothing('select crm.replay_dead_letters()', 'from then on it is left out');
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (0, 0), 'and not counted');
select crm.ingest_webhook('messenger', 'pgtap-page', '[]', '[{"reason": "malformed", "path": "$.entry[1]", "item": {"x": 1}}]');
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (0, 1), 'it is looked at again when it comes for another reason');

select * from finish();
rollback;
