begin;
select plan(6);

select tests.create_acme();
create function pg_temp.run(p_at timestamptz, p_status text, p_duration interval, p_created int, p_failed int, p_error text default null) returns void language sql as $$
  insert into crm.sync_runs (workspace_id, channel_account_id, resource, mode, status, holder, fencing_token, pages, items, created, failed, rejected, started_at, finished_at, paused_at, active_for, error)
  values (tests.workspace_id(), tests.account_id('pgtap-page'), 'messenger:pgtap-page:conversations', 'full', p_status, 'one', 1, 2, p_created + p_failed, p_created, p_failed, 1, p_at,
    case when p_status <> 'paused' then p_at + p_duration end, p_at, p_duration / 2, p_error)
$$;
select pg_temp.run('2025-03-01 23:59:00Z', 'completed', '1 minute', 10, 0);
select pg_temp.run('2025-03-02 00:00:00Z', 'completed', '2 minutes', 20, 1);
select pg_temp.run('2025-03-02 01:00:00Z', 'completed', '6 minutes', 5, 0);
select pg_temp.run('2025-03-02 02:00:00Z', 'failed', '1 minute', 1, 0, 'reconnect: token expired');
select pg_temp.run('2025-03-02 03:00:00Z', 'failed', '1 minute', 0, 0, 'reconnect: again');
select pg_temp.run('2025-03-02 04:00:00Z', 'failed', '2 minutes', 0, 0, 'cursor');
select pg_temp.run('2025-03-02 23:00:00Z', 'paused', '1 hour', 3, 0, 'throttled');
create temporary table day as select * from crm.sync_statistics s where s.workspace_id = tests.workspace_id() and s.day = '2025-03-02';

select is((d.runs, d.completed, d.failed, d.completion_rate), (6::numeric, 2::numeric, 3::numeric, 40.0), 'how many ran and how they ended, by the day in UTC') from day d;
select is((d.avg_duration, d.max_duration), (interval '2 minutes 24 seconds', interval '6 minutes'), 'how long those took that ended') from day d;
select is(d.avg_active, '1 minute 12 seconds', 'without the pauses') from day d;
select is((d.pages, d.items, d.created, d.failed_items, d.rejected), (12::numeric, 30::numeric, 29::numeric, 1::numeric, 6::numeric), 'what became of the items') from day d;
select is(d.errors, '{"reconnect": 2, "cursor": 1}', 'and why some failed') from day d;
select is((select jsonb_agg(jsonb_build_array(s.day, s.runs, s.completion_rate, s.errors)) from crm.sync_statistics s where s.workspace_id = tests.workspace_id() and s.day < '2025-03-02'),
  '[["2025-03-01", 1, 100.0, {}]]', 'every day is a row');

select * from finish();
rollback;
