-- The fast path took times that the general path refuses.
begin;
select plan(2);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
create function pg_temp.at(p_id text, p_time jsonb) returns jsonb language sql as $$
  select tests.deliver(tests.chat('P1', tests.said(p_id, 1) || jsonb_build_object('occurred_at', p_time))) -> 0 -> 'error'
$$;
select is(pg_temp.at('m2', '"1.7369424e12"') -> 'events' -> 0 ->> 'path', '$.events[0].occurred_at', 'a text with an exponent is no time');
select is(pg_temp.at('m3', '1.7369424e12'), 'null', 'a number is, however it is written');

select * from finish();
rollback;
