begin;
select plan(2);

select tests.create_acme();
select tests.deliver('7', '8', tests.chat('P1', '9'));
select results_eq($$ select s.channel, s.account_external_id, s.reason, s.path, s.dead_letters::int from crm.dead_letter_summary s where s.workspace_id = tests.workspace_id() order by s.reason $$,
  $$ values ('messenger', 'pgtap-page', 'invalid_event', '$.events[0]', 1), ('messenger', 'pgtap-page', 'invalid_item', '$', 2) $$, 'one row per account, reason and path');
update crm.dead_letters set status = 'discarded' where workspace_id = tests.workspace_id() and reason = 'invalid_item';
select is((select count(*)::int from crm.dead_letter_summary s where s.workspace_id = tests.workspace_id()), 1, 'of the open ones');

select * from finish();
rollback;
