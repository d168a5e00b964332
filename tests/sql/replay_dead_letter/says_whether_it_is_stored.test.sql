-- I15
begin;
select plan(10);

select tests.create_acme();
create function pg_temp.replay(p_reason text) returns jsonb language sql as $$
  select to_jsonb(r) from crm.dead_letters d cross join lateral crm.replay_dead_letter(d.id) r where d.account_external_id = 'pgtap-page' and d.reason = p_reason
$$;
select tests.deliver('7');
select crm.ingest_webhook('messenger', 'pgtap-page', '[]', '[{"reason": "malformed", "path": "$", "item": {"x": 1}}]');
update crm.channel_accounts set is_active = false where external_id = 'pgtap-page';
select crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(tests.chat('P1', tests.said('m1', 1))));
select is(pg_temp.replay('inactive_account'), '{"replayed": false, "error": {"code": "inactive_account"}}', 'not while the account is not active');
update crm.channel_accounts set is_active = true where external_id = 'pgtap-page';
select is(pg_temp.replay('inactive_account'), '{"replayed": true, "error": null}', 'I15: then it is');
select is(tests.count_of('messages'), 1, 'I15: stored');
select is(pg_temp.replay('inactive_account'), '{"replayed": true, "error": null}', 'once more, it still is');
select tests.writes_nothing($$ select pg_temp.replay('inactive_account') $$, 'and nothing is written');
select is(pg_temp.replay('invalid_item'), '{"replayed": false, "error": {"code": "invalid_item", "path": "$"}}', 'a bad item says why not');
select is(pg_temp.replay('malformed'), '{"replayed": false, "error": {"code": "needs_translation"}}', 'so does what only the translation can read');
update crm.dead_letters set status = 'discarded' where workspace_id = tests.workspace_id() and reason = 'malformed';
select is(pg_temp.replay('malformed'), '{"replayed": false, "error": {"code": "discarded"}}', 'and what somebody decided against');
select is((select array_agg(d.reason || ' ' || d.status || ' ' || d.attempts order by d.reason) from crm.dead_letters d where d.workspace_id = tests.workspace_id()),
  '{"inactive_account replayed 2","invalid_item open 2","malformed discarded 2"}', 'every failed attempt counts');

select crm.ingest_webhook('messenger', 'pgtap-nobody', jsonb_build_array(tests.chat('P1')));
select is((select to_jsonb(r) from crm.dead_letters d cross join lateral crm.replay_dead_letter(d.id) r where d.account_external_id = 'pgtap-nobody'),
  '{"replayed": false, "error": {"code": "unknown_account"}}', 'one of an account that nobody has connected waits for it');

select * from finish();
rollback;
