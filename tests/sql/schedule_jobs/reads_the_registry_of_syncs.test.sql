-- The jobs know channels by the registry alone: a made-up sync of a channel that has none is begun and resumed like any other.
begin;
select plan(10);

select tests.create_acme();
select vault.create_secret('sb_secret_pgtap', 'pgtap-key');
create function pg_temp.sent() returns text[] language plpgsql as $$
declare
  v_sent text[] := array(
    select replace(q.url, 'https://pgtap.supabase.co/functions/v1/', '') || ' ' || convert_from(q.body, 'UTF8') from net.http_request_queue q order by q.id);
begin
  delete from net.http_request_queue;
  return v_sent;
end $$;
create function pg_temp.refreshed(p_now timestamptz default clock_timestamp()) returns text[] language plpgsql as $$
begin
  perform crm_private.refresh_syncs('https://pgtap.supabase.co', 'pgtap-key', 100, p_now);
  return pg_temp.sent();
end $$;
create function pg_temp.resumed() returns text[] language plpgsql as $$
begin
  perform crm_private.resume_syncs('https://pgtap.supabase.co', 'pgtap-key');
  return pg_temp.sent();
end $$;
create function pg_temp.call(p_function text, p_account text, p_more jsonb) returns text language sql as $$
  select p_function || ' ' || (jsonb_build_object('channelAccountId', tests.account_id(p_account)) || p_more)::text
$$;
create function pg_temp.read(p_account text, p_status text) returns uuid language plpgsql as $$
declare
  v_run record;
begin
  select * into strict v_run from crm.start_sync(tests.account_id(p_account), p_mode => 'incremental', p_holder => 'pgtap');
  perform crm.commit_sync_page(v_run.run_id, v_run.token, '[{"thread_id": "t1", "events": []}]', '{"after": "x"}');
  perform crm.finish_sync(v_run.run_id, v_run.token, p_status, p_keep_cursor => true);
  return v_run.run_id;
end $$;

-- The run begins while the registry does not know the channel.
select crm.finish_sync(s.run_id, s.token, 'completed')
from crm.start_sync(tests.account_id('pgtap-number'), 'whatsapp:pgtap-number:calls', 'full', 'pgtap') s;
select is(pg_temp.refreshed(clock_timestamp() + interval '1 year'), '{}', 'a channel that the registry does not name is left alone');

create or replace function crm_private.channel_syncs()
returns table (channel text, what text, function_name text, min_interval interval, needs_watermark boolean)
language sql immutable set search_path = '' as $$
  values
    ('whatsapp', 'calls', 'pigeon-sync', interval '3 hours', false),
    ('messenger', 'conversations', 'conversation-sync', interval '0', true);
$$;
select is(pg_temp.refreshed(clock_timestamp() + interval '2 hours 59 minutes'), '{}', 'one that it names is called no sooner than its interval after the last run began');
select is(pg_temp.refreshed(clock_timestamp() + interval '3 hours 1 minute'), array[pg_temp.call('pigeon-sync', 'pgtap-number', '{"mode": "incremental"}')],
  'and then by the function that it names');
select ok((select s.triggered_at is not null and s.unanswered_since = s.triggered_at from crm.sync_state s where s.resource = 'whatsapp:pgtap-number:calls'),
  'the call is noted');
select pg_temp.read('pgtap-page', 'completed');
update crm.sync_state s set high_watermark = null where s.resource = 'messenger:pgtap-page:conversations';
select is(pg_temp.refreshed(), '{}', 'a sync that needs a watermark waits without one');
update crm.sync_state s set high_watermark = now() where s.resource = 'messenger:pgtap-page:conversations';
select is(pg_temp.refreshed(clock_timestamp() + interval '4 hours'),
  array[pg_temp.call('pigeon-sync', 'pgtap-number', '{"mode": "incremental"}'), pg_temp.call('conversation-sync', 'pgtap-page', '{"mode": "incremental"}')],
  'the functions are called in the order of the registry');

create temporary table paused as select pg_temp.read('pgtap-number', 'paused') as id;
select is(pg_temp.resumed(), array[pg_temp.call('pigeon-sync', 'pgtap-number', jsonb_build_object('resumeSession', p.id))], 'its paused run is resumed by its function') from paused p;
update crm.sync_runs r set resource = 'whatsapp:pgtap-number:other' from paused p where r.id = p.id;
select is(pg_temp.resumed(), '{}', 'a run of another resource is not');
update crm.sync_runs r set resource = 'whatsapp:pgtap-number:calls' from paused p where r.id = p.id;
create or replace function crm_private.channel_syncs()
returns table (channel text, what text, function_name text, min_interval interval, needs_watermark boolean)
language sql immutable set search_path = '' as $$
  values ('messenger', 'conversations', 'conversation-sync', interval '0', true);
$$;
select is(pg_temp.resumed(), '{}', 'and no run of a channel that left the registry');
select tests.throws_code($$ select crm.start_sync(tests.account_id('pgtap-number'), p_mode => 'full', p_holder => 'me') $$, 'PT404', 'not_found',
  'which start_sync knows too');

select * from finish();
rollback;
