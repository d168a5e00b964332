-- I13
begin;
select plan(9);

select tests.create_acme();
select tests.create_merchant();
create function pg_temp.land(p_resource text, p_token uuid) returns int language sql as $$
  select l.landed from crm.land_raw_records(tests.account_id('pgtap-merchant'), 'contacts', '[{"contact_id": 1}, {}]', '[1]', p_resource, p_token, '{}') l
$$;
create temporary table held as select * from crm.acquire_sync_lock('pgtap', 'one');
grant select on held to public;

select tests.throws_code($$ select pg_temp.land('pgtap', gen_random_uuid()) $$, 'PT409', 'lock_lost', 'I13: another token');
select tests.throws_code($$ select pg_temp.land('pgtap-other', h.token) from held h $$, 'PT409', 'lock_lost', 'I13: the token of another lock');
select tests.throws_code($$ select pg_temp.land(null, h.token) from held h $$, 'PT400', 'invalid_input', 'a token without its resource');
update crm.sync_locks l set expires_at = clock_timestamp() where l.resource = 'pgtap';
select tests.throws_code($$ select pg_temp.land('pgtap', h.token) from held h $$, 'PT409', 'lock_lost', 'I13: a lease that is over');
select is(tests.count_of('raw_records') + tests.count_of('dead_letters') + tests.count_of('sync_state'), 0, 'I13: and nothing was written');

create temporary table taken as select * from crm.acquire_sync_lock('pgtap', 'two');
select tests.throws_code($$ select pg_temp.land('pgtap', h.token) from held h $$, 'PT409', 'lock_lost', 'I13: one that was taken over');
select is((select pg_temp.land('pgtap', t.token) from taken t), 1, 'the holder writes');
select is(tests.count_of('raw_records') + tests.count_of('dead_letters') + tests.count_of('sync_state'), 4, 'all of it');
select crm.release_sync_lock('pgtap', t.token) from taken t;
select tests.throws_code($$ select pg_temp.land('pgtap', t.token) from taken t $$, 'PT409', 'lock_lost', 'I13: one that was given back');

select * from finish();
rollback;
