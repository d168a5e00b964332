begin;
select plan(8);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
select tests.commit_page(s.s, '[]', '{"after": "x", "high_watermark": "2025-03-01T12:00:00+0000"}') from started s;
update crm.sync_runs r set started_at = clock_timestamp() - interval '1 minute' where r.workspace_id = tests.workspace_id();
select tests.finish_sync(s.s, 'completed', 'throttled') from started s;
select is((r.status, r.error, r.paused_at), ('completed'::text, null::text, null::timestamptz), 'the run is completed') from started s, tests.run(s.s) r;
select is((date_trunc('minute', r.active_for), r.finished_at > r.started_at), (interval '1 minute', true), 'with its end and how long it took') from started s, tests.run(s.s) r;
select is((w.high_watermark, w.cursor), ('2025-03-01T12:00:00Z'::timestamptz, '{}'::jsonb), 'the high watermark stays, and the cursor is done with') from tests.sync_state() w;
select is((l.holder, l.token, l.fencing_token), (null::text, null::uuid, 1::bigint), 'the lock is given back') from crm.sync_locks l where l.workspace_id = tests.workspace_id();

create function pg_temp.run_to(p_cursor jsonb) returns timestamptz language plpgsql as $$
declare
  v_start jsonb := tests.start_sync();
begin
  perform tests.commit_page(v_start, '[]', p_cursor);
  perform tests.finish_sync(v_start);
  return (tests.sync_state()).high_watermark;
end $$;
select is(pg_temp.run_to('{"high_watermark": "2025-02-01T12:00:00Z"}'), '2025-03-01T12:00:00Z', 'it never goes back');
select is(pg_temp.run_to('{"after": "y"}'), '2025-03-01T12:00:00Z', 'and stays where the cursor has none');
select is(pg_temp.run_to(jsonb_build_object('high_watermark', tests.ms(1e6))), '2025-03-01T12:00:00Z', 'a number is milliseconds');
select ok(pg_temp.run_to('{"high_watermark": "2099-01-01T12:00:00Z"}') <= clock_timestamp(), 'a source''s clock that is ahead hides nothing that is still to come');

select * from finish();
rollback;
