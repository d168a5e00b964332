-- I11: Graph tells whole seconds, a webhook milliseconds. A watermark may lie between the two: in whatever order the three come, the finer time decides.
begin;
select plan(7);

select tests.create_acme();
create function pg_temp.status_with(p_what text, p_status text, variadic p_more jsonb[]) returns text language sql as $$
  select tests.same_in_every_order('pgtap-page', array[tests.chat('P1', tests.sent('m1', 10)), tests.chat('P1', tests.sent('m1', 10.5))] || p_more,
    format($f$ (tests.message('m1')).status = %L $f$, p_status), p_what)
$$;
select pg_temp.status_with('read before the finer time', 'sent', tests.chat('P1', tests.watermark('read', 10.2)));
select pg_temp.status_with('delivered before the finer time', 'sent', tests.chat('P1', tests.watermark('delivery', 10.2)));
select pg_temp.status_with('at the finer time', 'read', tests.chat('P1', tests.watermark('read', 10.5)));
select pg_temp.status_with('delivered, and not read', 'delivered', tests.chat('P1', tests.watermark('read', 10.2)), tests.chat('P1', tests.watermark('delivery', 10.7)));
select pg_temp.status_with('what was told of the message itself stays', 'delivered', tests.chat('P1', tests.watermark('read', 10.2)), tests.chat('P1', tests.status('m1', 'delivered', 11)));
select pg_temp.status_with('also that it failed', 'failed', tests.chat('P1', tests.watermark('delivery', 10.2)), tests.chat('P1', tests.status('m1', 'failed', 11)));
select pg_temp.status_with('read after all', 'read', tests.chat('P1', tests.watermark('delivery', 10.2)), tests.chat('P1', tests.watermark('read', 10.9)));

select * from finish();
rollback;
