begin;
select plan(23);

select tests.create_acme();
create function pg_temp.bad() returns text language sql as $$
  select coalesce(string_agg(h."check" || ' ' || h.subject, ', ' order by h."check", h.subject), 'all well') from crm.sync_health h where h.workspace_id = tests.workspace_id() and not h.ok
$$;
create function pg_temp.detail(p_check text) returns jsonb language sql as $$
  select h.detail from crm.sync_health h where h.workspace_id = tests.workspace_id() and h."check" = p_check and h.subject = 'messenger:pgtap-page'
$$;
create function pg_temp.ended(p_status text default 'completed', p_error text default null) returns text language sql as $$
  select tests.finish_sync(s.s, p_status, p_error) from tests.start_sync() s (s);
  select pg_temp.bad();
$$;
select is(pg_temp.bad(), 'all well', 'all well before anything has happened');
select results_eq($$ select h."check", count(*)::int from crm.sync_health h where h.workspace_id = tests.workspace_id() group by 1 order by 1 $$,
  $$ values ('dead_letters', 2), ('fast_path', 2), ('rate_limited', 2), ('reconnect', 2), ('sync_failing', 2), ('sync_overdue', 2), ('sync_stuck', 2) $$, 'which is said by each check, of each account');

select is(pg_temp.ended('failed', 'reconnect: token expired'), 'reconnect messenger:pgtap-page', 'a token that is refused');
select is(pg_temp.detail('reconnect') - 'at', '{"resources": ["messenger:pgtap-page:conversations"], "error": "reconnect: token expired"}', 'with what failed');
create temporary table started as select tests.start_sync() as s;
select is(pg_temp.bad(), 'reconnect messenger:pgtap-page', 'trying again is not enough');
select tests.commit_page(s.s, '[]') from started s;
select is(pg_temp.bad(), 'all well', 'a page that came is');
select tests.finish_sync(s.s) from started s;
select is(pg_temp.ended('failed', 'permission: pages_messaging'), 'sync_failing messenger:pgtap-page', 'a run that failed otherwise');
select is(pg_temp.ended('paused', 'throttled'), 'sync_failing messenger:pgtap-page', 'until another one has got on');
select is(pg_temp.ended(), 'all well', 'or is completed');

create temporary table dead as select tests.start_sync() as s;
update crm.sync_locks l set expires_at = now() - interval '9 minutes' where l.workspace_id = tests.workspace_id();
select is(pg_temp.bad(), 'all well', 'a run whose process died is soon gone on with');
update crm.sync_locks l set expires_at = now() - interval '11 minutes' where l.workspace_id = tests.workspace_id();
select is(pg_temp.bad(), 'sync_stuck messenger:pgtap-page', 'or it is stuck');
select crm.block_rate_limit('messenger:pgtap-page', '5 minutes');
select is(pg_temp.ended('paused'), 'rate_limited messenger:pgtap-page', 'a provider that lets nothing through');
update crm.rate_limit_buckets b set blocked_until = now() where b.workspace_id = tests.workspace_id();
update crm.sync_runs r set resume_at = now() - interval '11 minutes' where r.workspace_id = tests.workspace_id() and r.status = 'paused';
select is(pg_temp.bad(), 'sync_stuck messenger:pgtap-page', 'a paused run that is long due');
select pg_temp.ended('paused', 'database_unavailable');
update crm.sync_runs r set started_at = now() - interval '2 days', progressed_at = now() - interval '1 day' where r.workspace_id = tests.workspace_id() and r.status = 'paused';
select is(pg_temp.bad(), 'sync_stuck messenger:pgtap-page', 'and one that is tried again and again in vain');
select pg_temp.ended();
-- In their order: of runs that began at once no one is the newest.
update crm.sync_runs r set started_at = r.started_at - interval '3 days' where r.workspace_id = tests.workspace_id();
select is(pg_temp.bad(), 'all well', 'a page that nobody calls for is not overdue');
update crm.sync_state s set unanswered_since = now() - interval '59 minutes' where s.workspace_id = tests.workspace_id();
select is(pg_temp.bad(), 'all well', 'nor one that was called for within the hour');
update crm.sync_state s set unanswered_since = now() - interval '61 minutes' where s.workspace_id = tests.workspace_id();
select is(pg_temp.bad(), 'sync_overdue messenger:pgtap-page', 'one that was called for an hour ago, and no run has begun');
select is(pg_temp.detail('sync_overdue') ->> 'resources', '["messenger:pgtap-page:conversations"]', 'and what it was called for');
create temporary table begun as select tests.start_sync() as s;
select is(pg_temp.bad(), 'all well', 'until one has');
select tests.finish_sync(b.s) from begun b;
select tests.deliver('7', '8');
select is(pg_temp.bad(), 'dead_letters messenger:pgtap-page', 'what could not be stored');
select is(pg_temp.detail('dead_letters') ->> 'open', '2', 'and how much');
update crm.dead_letters d set status = 'discarded' where d.workspace_id = tests.workspace_id();

select crm.ingest_webhook('messenger', 'pgtap-nobodys-page', '[{"events": []}]');
select is((h.workspace_id, h."check", h.ok, h.detail ->> 'open'), (null::uuid, 'dead_letters'::text, false, '1'::text), 'and what came for an account that is not connected')
from crm.sync_health h where h.subject = 'messenger:pgtap-nobodys-page';
update crm.channel_accounts a set is_active = false where a.external_id = 'pgtap-number';
select is((select count(*)::int from crm.sync_health h where h.workspace_id = tests.workspace_id()), 7, 'accounts that are not active are left out');

select * from finish();
rollback;
