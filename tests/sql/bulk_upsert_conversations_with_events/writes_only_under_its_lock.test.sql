-- I13
begin;
select plan(9);

select tests.create_acme();
select tests.create_merchant();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
create function pg_temp.upsert(p_token uuid, variadic p_items jsonb[]) returns bigint language sql as $$
  select count(*) filter (where b.error is null) from crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'), to_jsonb(p_items), p_token) b
$$;
create temporary table held as select * from crm.acquire_sync_lock('messenger:pgtap-page:conversations', 'one');
create temporary table others as select * from crm.acquire_sync_lock('b2chat:pgtap-merchant:export', 'one');
create temporary table nobodys as select * from crm.acquire_sync_lock('messenger:pgtap-page', 'one');

select is(pg_temp.upsert(h.token, tests.chat('P1', tests.said('m2', 2))), 1::bigint, 'the holder writes one item') from held h;
select is(pg_temp.upsert(h.token, tests.chat('P1', tests.said('m3', 3)), tests.chat('P2', tests.said('m4', 4))), 2::bigint, 'and some') from held h;
select tests.throws_code(format('select pg_temp.upsert(%L, tests.chat(%L, tests.said(%L, 5)))', t.token, 'P1', 'x'), 'PT409', 'lock_lost', 'I13: ' || t.why)
from (select gen_random_uuid() as token, 'a token of nobody' as why
  union all select o.token, 'the token of another account''s lock' from others o
  union all select n.token, 'of a lock that is not the account''s' from nobodys n) t;
select tests.expire_lease();
select tests.throws_code($$ select pg_temp.upsert(h.token, tests.chat('P1', tests.said('x', 5))) from held h $$, 'PT409', 'lock_lost', 'I13: a lease that is over');
create temporary table taken as select * from crm.acquire_sync_lock('messenger:pgtap-page:conversations', 'two');
select tests.throws_code($$ select pg_temp.upsert(h.token, tests.chat('P1', tests.said('x', 5)), tests.chat('P1', tests.said('y', 5))) from held h $$, 'PT409', 'lock_lost', 'I13: one that was taken over');
select is(tests.count_of('messages'), 4, 'I13: and nothing was written');
select is(pg_temp.upsert(t.token, tests.chat('P1', tests.said('x', 5))), 1::bigint, 'the new holder writes') from taken t;

select * from finish();
rollback;
