-- I13: who shows a lock's token writes in the holder's name.
begin;
select plan(3);

select tests.furnish_acme();
select l.acquired from crm.acquire_sync_lock('messenger:pgtap-page:something', 'a holder') l;
update crm.sync_locks l set expires_at = now() - interval '1 second' where l.resource = 'messenger:pgtap-page:something';
select ok(not has_column_privilege('authenticated', 'crm.sync_locks', 'token', 'select'), 'a member may not read it');
select tests.authenticate_as('viewer@acme.test');
select is((select l.holder from crm.sync_locks l where l.resource = 'messenger:pgtap-page:something'), 'a holder', 'who holds the lock may be seen');
select is((select l.holder from crm.stuck_locks l where l.resource = 'messenger:pgtap-page:something'), 'a holder', 'and who never gave it back');

select * from finish();
rollback;
