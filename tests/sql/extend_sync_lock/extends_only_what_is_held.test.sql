-- I13
begin;
select plan(8);

create temporary table held as select * from crm.acquire_sync_lock('pgtap', 'one', '1 second');
create temporary table extended as select crm.extend_sync_lock('pgtap', h.token, '10 minutes') as until from held h;
select ok(e.until between clock_timestamp() + interval '9 minutes' and clock_timestamp() + interval '10 minutes', 'it says until when') from extended e;
select is((select l.expires_at from crm.sync_locks l where l.resource = 'pgtap'), e.until, 'and so it is') from extended e;
select is((select l.fencing_token from crm.sync_locks l where l.resource = 'pgtap'), 1::bigint, 'the fencing token stays');

select is(crm.extend_sync_lock('pgtap', gen_random_uuid()), null, 'I13: another token extends nothing');
select is(crm.extend_sync_lock('pgtap', null), null, 'I13: nor does none');
select is(crm.extend_sync_lock('pgtap-other', gen_random_uuid()), null, 'I13: nor one of a lock that never was');

update crm.sync_locks l set expires_at = clock_timestamp() where l.resource = 'pgtap';
select is((select crm.extend_sync_lock('pgtap', h.token) from held h), null, 'I13: a lease that is over is lost, even if nobody took it');
select tests.throws_code($$ select crm.extend_sync_lock('pgtap', gen_random_uuid(), '2 hours') $$, 'PT400', 'invalid_input', 'more than an hour');

select * from finish();
rollback;
