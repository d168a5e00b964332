begin;
select plan(3);

select tests.create_acme();
create function pg_temp.finish(p_start jsonb, p_status text) returns jsonb language sql as $$
  select to_jsonb(f) from crm.finish_sync((p_start ->> 'run_id')::uuid, (p_start ->> 'token')::uuid, p_status) f
$$;
create temporary table started as select tests.start_sync() as s;
select tests.commit_page(s.s, jsonb_build_array(tests.chat('P1'), 7), null, '[1]') from started s;
select is(pg_temp.finish(s.s, 'paused'), '{"mode": "full", "pages": 1, "items": 2, "created": 1, "updated": 0, "unchanged": 0, "failed": 1,
  "rejected": 1, "total_estimate": null}', 'a pause returns the counts so far') from started s;

create temporary table resumed as select tests.start_sync('incremental') as s;
select tests.commit_page(r.s, jsonb_build_array(tests.chat('P1'))) from resumed r;
select is(pg_temp.finish(r.s, 'completed'), '{"mode": "full", "pages": 2, "items": 3, "created": 1, "updated": 0, "unchanged": 1, "failed": 1,
  "rejected": 1, "total_estimate": null}', 'and the end those of the whole run, in its own mode') from resumed r;
select is((select count(*)::int from crm.sync_locks l where l.token is not null), 0, 'the lock is free after both');

select * from finish();
rollback;
