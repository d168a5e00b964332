begin;
select plan(9);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
select tests.commit_page(s.s, '[]', '{"after": "x", "high_watermark": "2025-03-01T12:00:00+0000"}') from started s;
select tests.finish_sync(s.s, 'paused') from started s;
select is((r.status, r.resume_at, r.finished_at, r.error), ('paused'::text, null::timestamptz, null::timestamptz, null::text), 'a paused run may go on at once') from started s, tests.run(s.s) r;
select is((w.high_watermark, w.cursor ->> 'after'), (null::timestamptz, 'x'::text), 'from its cursor; nothing is completed') from tests.sync_state() w;
select is((select l.token from crm.sync_locks l where l.workspace_id = tests.workspace_id()), null, 'the lock is given back');

create temporary table again as select tests.start_sync() as s;
select crm.block_rate_limit('messenger:pgtap-page', '20 minutes');
select tests.finish_sync(a.s, 'paused', 'throttled: 20 minutes') from again a;
select is((r.resume_at, r.error_code), (b.blocked_until, 'throttled'::text), 'while its account''s rate limit is blocked, when that ends') from again a, tests.run(a.s) r, crm.rate_limit_buckets b
where b.bucket = 'messenger:pgtap-page';
select ok(r.active_for < interval '1 minute', 'the pause is no work') from again a, tests.run(a.s) r;

update crm.rate_limit_buckets b set blocked_until = clock_timestamp() where b.bucket = 'messenger:pgtap-page';
create temporary table third as select tests.start_sync() as s;
select tests.finish_sync(t.s, 'paused') from third t;
select is(r.resume_at, null, 'a block that is over holds nobody') from third t, tests.run(t.s) r;

-- An attempt that failed without any progress is repeated later each time.
create function pg_temp.fail(p_times int) returns interval language plpgsql as $$
declare
  v_run jsonb;
begin
  for v_time in 1..p_times loop
    v_run := tests.start_sync();
    perform tests.finish_sync(v_run, 'paused', 'provider_unavailable');
  end loop;
  return (select r.resume_at - r.paused_at from tests.run(v_run) r);
end $$;
select is(pg_temp.fail(1), interval '1 minute', 'an attempt in vain is repeated after a minute');
select is(array[pg_temp.fail(1), pg_temp.fail(1), pg_temp.fail(4)], array['2 minutes', '4 minutes', '60 minutes']::interval[], 'and then ever later, up to an hour');
create temporary table moved as select tests.start_sync() as s;
select tests.commit_page(m.s, '[]', '{"after": "y"}') from moved m;
select tests.finish_sync(m.s, 'paused', 'provider_unavailable') from moved m;
select is((r.resume_at, r.stalled_attempts), (null::timestamptz, 0), 'one that got on is repeated at once') from moved m, tests.run(m.s) r;

select * from finish();
rollback;
