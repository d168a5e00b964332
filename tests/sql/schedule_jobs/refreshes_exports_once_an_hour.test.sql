-- A B2Chat merchant that was read to its end is read again by itself: each condition alone decides.
begin;
select plan(14);

select tests.create_acme();
select tests.create_merchant();
select vault.create_secret('sb_secret_pgtap', 'pgtap-key');
-- One run of the merchant that began so long ago, and how it ended.
create function pg_temp.run(p_status text, p_ago interval default '1 hour', p_error text default null) returns void language plpgsql as $$
declare
  v_run jsonb := tests.start_export();
begin
  update crm.sync_runs r set started_at = now() - interval '1 year' where r.resource = v_run ->> 'resource' and r.id <> (v_run ->> 'run_id')::uuid;
  update crm.sync_runs r set started_at = now() - p_ago where r.id = (v_run ->> 'run_id')::uuid;
  if p_status <> 'running' then
    perform tests.finish_sync(v_run, p_status, p_error);
  end if;
end $$;
create function pg_temp.called(p_limit int default 100, p_now timestamptz default now()) returns text[] language plpgsql as $$
declare
  v_count int;
  v_called text[];
begin
  delete from net.http_request_queue;
  v_count := crm_private.refresh_syncs('https://pgtap.supabase.co', 'pgtap-key', p_limit, p_now);
  v_called := array(
    select replace(q.url, 'https://pgtap.supabase.co/functions/v1/', '') || ' ' || a.external_id
    from net.http_request_queue q
    join crm.channel_accounts a on a.id = (convert_from(q.body, 'UTF8')::jsonb ->> 'channelAccountId')::uuid
    order by q.id
  );
  if v_count <> cardinality(v_called) then
    raise exception 'it says %, and calls %', v_count, v_called;
  end if;
  return v_called;
end $$;

select is(pg_temp.called(), '{}', 'a merchant that nobody has read is left alone');
select pg_temp.run('completed');
select is(pg_temp.called(), '{b2chat-sync pgtap-merchant}', 'one that was read to its end an hour ago is called');
select is((select array_agg(convert_from(q.body, 'UTF8')::jsonb) from net.http_request_queue q), array[jsonb_build_object('channelAccountId', tests.account_id('pgtap-merchant'), 'mode', 'incremental')], 'for an incremental run');
select is(pg_temp.called(p_now => now() - interval '1 second'), '{}', 'not before the hour is over');

update crm.channel_accounts set is_active = false where external_id = 'pgtap-merchant';
select is(pg_temp.called(), '{}', 'not while it is not active');
update crm.channel_accounts set is_active = true where external_id = 'pgtap-merchant';
create temporary table held as select * from crm.acquire_sync_lock('b2chat:pgtap-merchant:export', 'pgtap');
select is(pg_temp.called(), '{}', 'not while somebody holds its lock');
select is(pg_temp.called(p_now => clock_timestamp() + interval '6 minutes'), '{b2chat-sync pgtap-merchant}', 'but when the lease is over');
select crm.release_sync_lock('b2chat:pgtap-merchant:export', h.token) from held h;

select pg_temp.run('paused');
select is(pg_temp.called(), '{}', 'not when its last run is paused: that is for resume_syncs');
select pg_temp.run('running');
select tests.expire_lease('b2chat:pgtap-merchant:export');
select is(pg_temp.called(), '{}', 'nor when its process died');
select pg_temp.run('failed', p_error => 'reconnect: refused');
select is(pg_temp.called(), '{}', 'nor when it failed: a person has to look');
select pg_temp.run('completed');
select is(pg_temp.called(), '{b2chat-sync pgtap-merchant}', 'and again after somebody has got it to its end');

create temporary table page as select tests.start_sync() as s;
select tests.commit_page(p.s, '[]', '{"high_watermark": "2025-01-15T12:00:00Z"}') from page p;
select tests.finish_sync(p.s) from page p;
select is(pg_temp.called(), '{conversation-sync pgtap-page,b2chat-sync pgtap-merchant}', 'each by the function of its channel');
select is(pg_temp.called(1), '{b2chat-sync pgtap-merchant}', 'together no more than so many: those that were read longest ago');
select pg_temp.run('completed', '1 minute');
select is(pg_temp.called(), '{conversation-sync pgtap-page}', 'the hour is the merchant''s: a page waits for none');

select * from finish();
rollback;
