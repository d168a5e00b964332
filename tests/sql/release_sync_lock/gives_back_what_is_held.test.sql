-- I13
begin;
select plan(5);

create temporary table held as select * from crm.acquire_sync_lock('pgtap', 'one');
select is(crm.release_sync_lock('pgtap', gen_random_uuid()), false, 'I13: another token releases nothing');
select is((select crm.release_sync_lock('pgtap', h.token) from held h), true, 'the holder releases it');
select is((select crm.release_sync_lock('pgtap', h.token) from held h), false, 'once');
select is((select (l.holder, l.token, l.expires_at, l.fencing_token) from crm.sync_locks l where l.resource = 'pgtap'),
  (null::text, null::uuid, null::timestamptz, 1::bigint), 'I13: the row stays, with its fencing token');

create temporary table again as select * from crm.acquire_sync_lock('pgtap', 'one');
update crm.sync_locks l set expires_at = clock_timestamp() where l.resource = 'pgtap';
select is((select crm.release_sync_lock('pgtap', a.token) from again a), false, 'I13: a lease that is over was lost before');

select * from finish();
rollback;
