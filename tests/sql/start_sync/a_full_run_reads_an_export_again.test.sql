-- An export keeps its cursor when it completes. A full run is asked to read everything again, so it ignores that.
begin;
select plan(5);

select tests.create_acme();
select tests.create_merchant();
create function pg_temp.start(p_mode text) returns jsonb language sql as $$
  select to_jsonb(s) from crm.start_sync(tests.account_id('pgtap-merchant'), p_mode => p_mode, p_holder => 'one') s
$$;
create function pg_temp.finish(p_start jsonb, p_status text) returns void language sql as $$
  select crm.finish_sync((p_start ->> 'run_id')::uuid, (p_start ->> 'token')::uuid, p_status,
    case p_status when 'failed' then 'invalid' end, p_keep_cursor => true)
$$;

create temporary table first as select pg_temp.start('incremental') as s;
select tests.land_page(f.s, 'chats', '[]', '{"window": "2026-01-05"}') from first f;
select pg_temp.finish(f.s, 'completed') from first f;

create temporary table full_run as select pg_temp.start('full') as s;
select is((f.s ->> 'mode', f.s -> 'cursor', f.s ->> 'resumed', f.s ->> 'since'), ('full'::text, '{}'::jsonb, 'false'::text, null::text),
  'a full run begins at the beginning') from full_run f;
select tests.land_page(f.s, 'chats', '[]', '{"window": "2026-01-02"}') from full_run f;
select pg_temp.finish(f.s, 'paused') from full_run f;
select is(n.s ->> 'run_id', f.s ->> 'run_id', 'an unfinished one resumes in its own mode') from full_run f, pg_temp.start('incremental') n (s);
select pg_temp.finish(jsonb_build_object('run_id', f.s ->> 'run_id', 'token', l.token), 'failed')
from full_run f, crm.sync_locks l where l.resource = f.s ->> 'resource';
create temporary table again as select pg_temp.start('full') as s;
select is(a.s -> 'cursor', '{"chats": {"window": "2026-01-02"}}', 'and after a failure the next full run resumes from its cursor') from again a;
select pg_temp.finish(a.s, 'completed') from again a;
select is((n.s ->> 'mode', n.s -> 'cursor'), ('incremental'::text, '{"chats": {"window": "2026-01-02"}}'::jsonb), 'the next incremental run resumes where that ended')
from pg_temp.start('incremental') n (s);
select is((select count(*)::int from crm.sync_runs r where r.resource = 'b2chat:pgtap-merchant:export'), 4, 'every run is a row');

select * from finish();
rollback;
