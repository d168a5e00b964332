-- I14: an export has no end: each run goes on where the last one stopped, whichever way that ended.
begin;
select plan(8);

select tests.create_acme();
select tests.create_merchant();
create function pg_temp.finish(p_start jsonb, p_status text, p_error text default null, p_keep boolean default true) returns void language sql as $$
  select crm.finish_sync((p_start ->> 'run_id')::uuid, (p_start ->> 'token')::uuid, p_status, p_error, p_keep_cursor => p_keep)
$$;
create function pg_temp.state() returns crm.sync_state language plpgsql as $$
begin
  return (select s from crm.sync_state s where s.workspace_id = tests.workspace_id() and s.resource = 'b2chat:pgtap-merchant:export');
end $$;

create temporary table first as select tests.start_export() as s;
select tests.land_page(f.s, 'chats', '[]', '{"window": "2026-01-05"}') from first f;
update crm.sync_runs r set started_at = now() - interval '2 days', history_before = now() - interval '9 days' where r.workspace_id = tests.workspace_id();
select pg_temp.finish(f.s, 'completed') from first f;
select is((f.s ->> 'mode', (pg_temp.state()).cursor, (pg_temp.state()).high_watermark), ('full'::text, '{"chats": {"window": "2026-01-05"}}'::jsonb, now() - interval '2 days'),
  'I14: a completed run leaves its cursor, and what was there when it began has been seen') from first f;

create temporary table second as select tests.start_export() as s;
select is((s.s ->> 'mode', s.s -> 'cursor', s.s ->> 'resumed', (s.s ->> 'since')::timestamptz),
  ('incremental'::text, '{"chats": {"window": "2026-01-05"}}'::jsonb, 'true'::text, now() - interval '2 days 5 minutes'), 'I14: the next one goes on from there') from second s;
select is((tests.run(s.s)).history_before, now() - interval '2 days' + interval '1 second', 'and judges what is history for itself') from second s;
select tests.land_page(s.s, 'chats', '[]', '{"window": "2026-01-06"}') from second s;
update crm.sync_runs r set started_at = now() - interval '1 day' where r.id = (select (s.s ->> 'run_id')::uuid from second s);
select pg_temp.finish(s.s, 'failed', 'reconnect') from second s;
select is(((pg_temp.state()).cursor, (pg_temp.state()).high_watermark), ('{"chats": {"window": "2026-01-06"}}'::jsonb, now() - interval '2 days'), 'a failed one has seen nothing to its end');
create temporary table third as select tests.start_export() as s;
select is((t.s -> 'cursor', (t.s ->> 'since')::timestamptz), ('{"chats": {"window": "2026-01-06"}}'::jsonb, now() - interval '2 days 5 minutes'), 'I14: and is gone on with') from third t;
select pg_temp.finish(t.s, 'completed') from third t;
select is((tests.start_export() ->> 'since')::timestamptz, (tests.run(t.s)).started_at - interval '5 minutes', 'since the last that was completed') from third t;

create temporary table page as select tests.start_sync() as s;
select tests.commit_page(p.s, '[]', '{"after": "x"}') from page p;
select pg_temp.finish(p.s, 'completed', null, null) from page p;
select is((tests.sync_state()).cursor, '{}', 'nothing said, the cursor is done with');
create temporary table failed as select tests.start_sync() as s;
select tests.commit_page(p.s, '[]', '{"after": "x"}') from failed p;
select pg_temp.finish(p.s, 'failed', 'cursor: refused') from failed p;
select is((tests.sync_state()).cursor, '{}', 'and so is one that leads nowhere, in any case');

select * from finish();
rollback;
