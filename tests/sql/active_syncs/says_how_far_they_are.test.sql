begin;
select plan(13);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
select c.* from started s, crm.commit_sync_page((s.s ->> 'run_id')::uuid, (s.s ->> 'token')::uuid,
  jsonb_build_array(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('m2', 2))), '{}', 8) c;
create function pg_temp.sync(p_what text default 'conversations') returns setof crm.active_syncs language sql as $$
  select a.* from crm.active_syncs a where a.workspace_id = tests.workspace_id() and a.resource = 'messenger:pgtap-page:' || p_what
$$;
-- It began half a minute ago.
update crm.sync_runs r set started_at = now() - interval '30 seconds' where r.workspace_id = tests.workspace_id();
select is((a.status, a.mode, a.holder, a.channel, a.account), ('running'::text, 'full'::text, 'one'::text, 'messenger'::text, 'Acme''s page'::text), 'which') from pg_temp.sync() a;
select is((a.pages, a.items, a.total_estimate, a.progress), (1, 2, 8, 25.0), 'how far') from pg_temp.sync() a;
select is((a.items_per_minute, a.active_for), (4.0, interval '30 seconds'), 'how fast') from pg_temp.sync() a;
select is(a.estimated_end, date_trunc('second', now() + interval '90 seconds'), 'and until when') from pg_temp.sync() a;
select ok(a.lease_left between interval '4 minutes' and interval '6 minutes', 'under what lease') from pg_temp.sync() a;

-- Its process dies after ten seconds of work.
update crm.sync_runs r set last_page_at = r.started_at + interval '10 seconds' where r.workspace_id = tests.workspace_id();
select tests.expire_lease();
select is((a.status, a.lease_left, a.active_for), ('running'::text, null::interval, interval '10 seconds'), 'one without a process is no longer active') from pg_temp.sync() a;
select is((a.progress, a.items_per_minute, a.estimated_end), (25.0, null::numeric, null::timestamptz), 'and nobody says how fast it is or when it ends') from pg_temp.sync() a;
select crm.cleanup_expired_locks();
select is((a.lease_left, a.active_for), (null::interval, interval '10 seconds'), 'nor after the lock was cleaned up') from pg_temp.sync() a;

create temporary table again as select tests.start_sync() as s;
select crm.block_rate_limit('messenger:pgtap-page', '10 minutes');
select tests.finish_sync(a.s, 'paused', 'throttled') from again a;
select is((a.status, a.lease_left, a.error, a.resume_at > now()), ('paused'::text, null::interval, 'throttled'::text, true), 'a paused one, and when it goes on') from pg_temp.sync() a;
select is((a.items_per_minute, a.estimated_end), (null::numeric, null::timestamptz), 'but not when it ends') from pg_temp.sync() a;

select is(a.progress || '%', null, 'one that does not know how much there is') from tests.start_sync('full', 'one', 'other') s, pg_temp.sync('other') a;
select tests.start_sync('full', 'two');
select tests.finish_sync(s.s) from (select to_jsonb(r) || jsonb_build_object('run_id', r.id, 'token', l.token) as s
  from crm.sync_runs r join crm.sync_locks l using (resource) where r.workspace_id = tests.workspace_id()) s;
select is_empty($$ select * from pg_temp.sync() $$, 'a finished one is not active');
select is_empty($$ select * from pg_temp.sync('other') $$, 'nor any other');

select * from finish();
rollback;
