begin;
select plan(4);

select crm.acquire_sync_lock('pgtap-' || n, 'one') from generate_series(1, 3) n;
update crm.sync_locks l set expires_at = clock_timestamp() where l.resource in ('pgtap-1', 'pgtap-2');
select is(crm.cleanup_expired_locks(), 2, 'it says how many leases were over');
select is((select array_agg(l.resource order by l.resource) from crm.sync_locks l where l.resource like 'pgtap-%' and l.holder is null), '{pgtap-1,pgtap-2}', 'those are free');
select is((select array_agg(l.fencing_token) from crm.sync_locks l where l.resource like 'pgtap-%'), '{1,1,1}', 'I13: no fencing token is forgotten');
select tests.writes_nothing('select crm.cleanup_expired_locks()', 'again there is nothing to do');

select * from finish();
rollback;
