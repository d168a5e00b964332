-- I15
begin;
select plan(5);

select tests.create_acme();
select tests.deliver('7', '7'), tests.deliver('7'), tests.deliver(tests.chat('P1', '7'), tests.chat('P1', tests.said('m1', 1), '7'));
select is(tests.count_of('dead_letters'), 2, 'I15: the same bad item or event, in one call or several, is one dead letter');
select tests.ingest('pgtap-number', '7');
select is(tests.count_of('dead_letters'), 3, 'I15: of another account it is another');
create temporary table webhook as
select i.* from generate_series(1, 2) n
cross join lateral crm.ingest_webhook('messenger', 'pgtap-unknown', format('[{"thread_id": "t%s"}, 7, {"thread_id": "t0"}]', n - n)::jsonb, '[{"reason": "malformed", "path": "$.x", "item": {"x": 1}}]') i;
select is((select count(*)::int from webhook), 2, 'a webhook of an unknown account, twice');
select is((select count(*)::int from crm.dead_letters d where d.account_external_id = 'pgtap-unknown'), 3, 'I15: without a workspace, once each too');
select is((select array_agg(distinct d.workspace_id) from crm.dead_letters d where d.account_external_id = 'pgtap-unknown'), array[null]::uuid[], 'I22: and no workspace sees them');

select * from finish();
rollback;
