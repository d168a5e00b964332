-- I15: the same bad item is one row, and says why it is bad now.
begin;
select plan(3);

select tests.create_acme();
update crm.channel_accounts set is_active = false where external_id = 'pgtap-page';
select crm.ingest_webhook('messenger', 'pgtap-page', '[7, 8]');
update crm.channel_accounts set is_active = true where external_id = 'pgtap-page';
update crm.dead_letters set status = 'discarded' where workspace_id = tests.workspace_id() and item = '8';
select tests.deliver('7', '8');
select results_eq($$ select d.item, d.status, d.reason, d.attempts from crm.dead_letters d where d.workspace_id = tests.workspace_id() order by 1 $$,
  $$ values ('7'::jsonb, 'open', 'invalid_item', 1), ('8', 'discarded', 'inactive_account', 1) $$, 'the open one has the reason of the last delivery');
select tests.writes_nothing($$ select tests.deliver('7', '8') $$, 'I10: for the same reason nothing is written');
select is(tests.count_of('dead_letters'), 2, 'no row was added');

select * from finish();
rollback;
