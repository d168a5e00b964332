-- I13
begin;
select plan(9);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
create function pg_temp.refused(p_start jsonb, p_why text) returns text language sql as $$
  select tests.throws_code(format('select tests.commit_page(%L, %L, %L, %L)', p_start, jsonb_build_array(tests.chat('P1', tests.said('m1', 1))), '{"after": "x"}', '[1]'),
    'PT409', 'lock_lost', p_why)
$$;
select pg_temp.refused(s.s || jsonb_build_object('token', gen_random_uuid()), 'I13: another token') from started s;
select pg_temp.refused(s.s || '{"token": null}', 'I13: no token') from started s;
select pg_temp.refused(s.s || jsonb_build_object('token', o.s ->> 'token'), 'I13: the token of another run') from started s, tests.start_sync('full', 'one', 'other') o (s);
select tests.expire_lease();
select pg_temp.refused(s.s, 'I13: a lease that is over, though nobody took it') from started s;

-- Taken for other work: whoever has that token is not the run's holder.
create temporary table taken as select * from crm.acquire_sync_lock('messenger:pgtap-page:conversations', 'somebody');
select pg_temp.refused(s.s || jsonb_build_object('token', t.token), 'I13: the lock''s holder, for whom the run was not started') from started s, taken t;
select crm.release_sync_lock('messenger:pgtap-page:conversations', t.token) from taken t;

create temporary table again as select tests.start_sync('full', 'two') as s;
select pg_temp.refused(s.s, 'I13: a holder whose run another has resumed') from started s;
select is((tests.count_of('messages'), tests.count_of('dead_letters'), (tests.sync_state()).cursor, (tests.run(s.s)).pages), (0, 0, '{}'::jsonb, 0), 'I13: and nothing was written')
from started s;
select is((tests.commit_page(a.s, jsonb_build_array(tests.chat('P1', tests.said('m1', 1)))) ->> 'created'), '1', 'the holder writes') from again a;
select tests.finish_sync(a.s) from again a;
select pg_temp.refused(a.s, 'I13: and no more once the run has ended') from again a;

select * from finish();
rollback;
