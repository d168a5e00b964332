-- I13
begin;
select plan(9);

select tests.create_acme();
select tests.create_merchant();
create temporary table first as select * from crm.acquire_sync_lock('b2chat:pgtap-merchant:export', 'one', '10 minutes');
select is(f.acquired, true, 'I13: who comes first gets the lock') from first f;
select is(f.fencing_token, 1::bigint, 'with the first fencing token') from first f;
select is(f.held_by, 'one', 'and holds it') from first f;
select ok(f.expires_at between clock_timestamp() + interval '9 minutes' and clock_timestamp() + interval '10 minutes', 'for as long as asked') from first f;

select results_eq($$ select * from crm.acquire_sync_lock('b2chat:pgtap-merchant:export', 'two') $$,
  $$ select false, null::uuid, null::bigint, f.expires_at, 'one'::text from first f $$, 'I13: the next one is told who holds it, and until when');
select is((select a.acquired from crm.acquire_sync_lock('b2chat:pgtap-merchant:export', 'one') a), false, 'I13: the same holder does not enter twice');
select is((select a.acquired from crm.acquire_sync_lock('b2chat:other:export', 'two') a), true, 'another resource is another lock');
select is((select l.workspace_id from crm.sync_locks l where l.resource = 'b2chat:pgtap-merchant:export'), tests.workspace_id(),
  'a lock belongs to the workspace of the account it names');
select is((select l.workspace_id from crm.sync_locks l where l.resource = 'b2chat:other:export'), null, 'and to none when it names none');

select * from finish();
rollback;
