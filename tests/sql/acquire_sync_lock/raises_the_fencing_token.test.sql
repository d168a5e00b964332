-- I13
begin;
select plan(7);

create temporary table held as select * from crm.acquire_sync_lock('pgtap', 'one');
update crm.sync_locks l set expires_at = clock_timestamp() - interval '1 millisecond' where l.resource = 'pgtap';
create temporary table taken as select * from crm.acquire_sync_lock('pgtap', 'two');
select is((t.acquired, t.held_by), (true, 'two'::text), 'I13: a lease that is over can be taken') from taken t;
select is(t.fencing_token, 2::bigint, 'I13: with a greater fencing token') from taken t;
select isnt(t.token, h.token, 'I13: and another token') from taken t, held h;

select is((select crm.release_sync_lock('pgtap', h.token) from held h), false, 'I13: who lost it gives nothing back');
select is((select a.held_by from crm.acquire_sync_lock('pgtap', 'three') a), 'two', 'I13: and the new holder keeps it');
select is((select crm.release_sync_lock('pgtap', t.token) from taken t), true, 'the holder gives it back');
select is((select (a.acquired, a.fencing_token) from crm.acquire_sync_lock('pgtap', 'three') a), (true, 3::bigint), 'I13: a released one continues the count');

select * from finish();
rollback;
