-- I15: what failed again is open again; what somebody discarded stays discarded.
begin;
select plan(4);

select tests.create_acme();
select tests.deliver('7', '8');
update crm.dead_letters set status = 'replayed', replayed_at = now() where workspace_id = tests.workspace_id() and item = '7';
update crm.dead_letters set status = 'discarded' where workspace_id = tests.workspace_id() and item = '8';
select tests.deliver('7', '8');
select results_eq($$ select d.item, d.status, d.attempts, d.replayed_at from crm.dead_letters d where d.workspace_id = tests.workspace_id() order by 1 $$,
  $$ values ('7'::jsonb, 'open', 2, null::timestamptz), ('8', 'discarded', 1, null) $$, 'I15: the replayed one counts another attempt');
select tests.writes_nothing($$ select tests.deliver('7', '8') $$, 'I10: now it is open, the same again writes nothing');
select is(tests.count_of('dead_letter_summary'), 1, 'the summary has the open one');
select is(tests.count_of('dead_letters'), 2, 'no row was added');

select * from finish();
rollback;
