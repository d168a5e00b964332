-- A page that was read to its end once is read again by itself: each condition alone decides.
begin;
select plan(31);

select tests.create_acme();
select vault.create_secret('sb_secret_pgtap', 'pgtap-key');

-- One run over an account's conversations from beginning to end, with a page that brings so many items and this watermark.
create function pg_temp.read(
  p_account text, p_watermark text default '2025-01-15T12:00:00Z', p_items int default 1, p_rejected int default 0,
  p_status text default 'completed', p_error text default null, p_what text default 'conversations'
) returns void language plpgsql as $$
declare
  v_run record;
begin
  select s.* into strict v_run
  from crm.channel_accounts a
  cross join lateral crm.start_sync(a.id, a.channel || ':' || a.external_id || ':' || p_what, 'incremental', 'pgtap') s
  where a.external_id = p_account;
  perform crm.commit_sync_page(v_run.run_id, v_run.token,
    coalesce((select jsonb_agg(jsonb_build_object('thread_id', 't' || n, 'participant', jsonb_build_object('identities', jsonb_build_array(jsonb_build_object('kind', 'psid', 'value', 'p' || n))), 'events', '[]'::jsonb))
      from generate_series(1, p_items) n), '[]'),
    jsonb_strip_nulls(jsonb_build_object('pass', 'done', 'high_watermark', p_watermark)),
    p_rejected => coalesce((select jsonb_agg(jsonb_build_object('reason', 'malformed', 'path', '$', 'item', n)) from generate_series(1, p_rejected) n), '[]'));
  if p_status <> 'running' then
    perform crm.finish_sync(v_run.run_id, v_run.token, p_status, p_error);
  end if;
end $$;
create function pg_temp.connect(p_page text) returns void language sql as $$
  select crm.connect_channel(tests.workspace_id(), 'messenger', p_page, p_page)
$$;
-- Whom the job calls now, in the order of the calls.
create function pg_temp.called(p_limit int default 100, p_now timestamptz default clock_timestamp()) returns text[] language plpgsql as $$
declare
  v_count int;
  v_called text[];
begin
  delete from net.http_request_queue;
  update crm.sync_state set triggered_at = null, unanswered_since = null;
  v_count := crm_private.refresh_syncs('https://pgtap.supabase.co/', 'pgtap-key', p_limit, p_now);
  v_called := array(
    select a.external_id
    from net.http_request_queue q
    join crm.channel_accounts a on a.id = (convert_from(q.body, 'UTF8')::jsonb ->> 'channelAccountId')::uuid
    order by q.id
  );
  if v_count <> cardinality(v_called) then
    raise exception 'it says %, and calls %', v_count, v_called;
  end if;
  return v_called;
end $$;

select is(crm_private.refresh_syncs('https://pgtap.supabase.co', 'pgtap-nothing'), 0, 'a page that nobody has read is left alone, and no secret is needed');
select pg_temp.read('pgtap-page', p_watermark => null, p_items => 0, p_what => 'rescue');
select is(pg_temp.called(), '{}', 'a run over something else of the page does not count');

select pg_temp.read('pgtap-page');
select is(pg_temp.called(), '{pgtap-page}', 'one that was read to its end is called');
select is((select array_agg(q.method || ' ' || q.url) from net.http_request_queue q), '{POST https://pgtap.supabase.co/functions/v1/conversation-sync}', 'by the function');
select is((select array_agg(q.headers) from net.http_request_queue q), array['{"Content-Type": "application/json", "apikey": "sb_secret_pgtap"}'::jsonb], 'with the secret key');
select is((select array_agg(convert_from(q.body, 'UTF8')::jsonb) from net.http_request_queue q),
  array[jsonb_build_object('channelAccountId', tests.account_id('pgtap-page'), 'mode', 'incremental')], 'for an incremental run');
select ok((select min(q.timeout_milliseconds) >= 120000 from net.http_request_queue q), 'and waits as long as a function may live');
select tests.throws_code($$ select crm_private.refresh_syncs('https://pgtap.supabase.co', 'pgtap-nothing') $$, 'PT404', 'not_found', 'a secret that is gone is an error of the job');
select is(pg_temp.called(), '{pgtap-page}', 'again, it is the same');

update crm.channel_accounts set is_active = false where external_id = 'pgtap-page';
select is(pg_temp.called(), '{}', 'not while it is not active');
update crm.channel_accounts set is_active = true where external_id = 'pgtap-page';

select crm.acquire_sync_lock('messenger:pgtap-page:conversations', 'pgtap');
select is(pg_temp.called(), '{}', 'not while somebody holds its lock');
select is(pg_temp.called(p_now => clock_timestamp() + interval '6 minutes'), '{pgtap-page}', 'but when the lease is over');
select crm.release_sync_lock(l.resource, l.token) from crm.sync_locks l where l.token is not null;
select is(pg_temp.called(), '{pgtap-page}', 'or the lock was given back');

select pg_temp.read('pgtap-page', p_status => 'running');
select tests.expire_lease();
select is(pg_temp.called(), '{}', 'not when its last run is unfinished: that is for resume_syncs');
select pg_temp.read('pgtap-page', p_status => 'paused');
select is(pg_temp.called(), '{}', 'nor when it is paused');
select pg_temp.read('pgtap-page', p_status => 'failed', p_error => 'reconnect: token expired');
select is(pg_temp.called(), '{}', 'nor when it failed: a person has to look');
select pg_temp.read('pgtap-page');
select is(pg_temp.called(), '{pgtap-page}', 'and again after somebody has got it to its end');

update crm.sync_state set high_watermark = null where resource = 'messenger:pgtap-page:conversations';
select is(pg_temp.called(), '{}', 'not where there is no watermark: that would be a full run');
select pg_temp.read('pgtap-page', p_watermark => null, p_items => 0);
select is((select r.mode from crm.sync_runs r where r.resource = 'messenger:pgtap-page:conversations' order by r.started_at desc limit 1), 'full', '(as it would)');
select is(pg_temp.called(), '{pgtap-page}', 'except when the full run found nothing: a page may begin empty');
select pg_temp.read('pgtap-page', p_watermark => null, p_items => 0, p_rejected => 1);
select is(pg_temp.called(), '{}', 'what it could not read is not nothing');
select pg_temp.read('pgtap-page', p_watermark => null);
select is(pg_temp.called(), '{}', 'nor is what it read, when too much changed meanwhile for a watermark');
select pg_temp.read('pgtap-page');
select pg_temp.read('pgtap-page', p_items => 0);
update crm.sync_state set high_watermark = null where resource = 'messenger:pgtap-page:conversations';
select is(pg_temp.called(), '{}', 'nor does it say that the page is empty when an incremental run found nothing');

select pg_temp.read('pgtap-page');
select pg_temp.read('pgtap-number');
select is(pg_temp.called(), '{pgtap-page}', 'accounts of other channels are not read by this function');

select pg_temp.connect('pgtap-second'), pg_temp.connect('pgtap-third');
select pg_temp.read('pgtap-third'), pg_temp.read('pgtap-second');
update crm.sync_runs set started_at = now() - interval '1 day' where resource = 'messenger:pgtap-page:conversations' and started_at < (
  select max(r.started_at) from crm.sync_runs r where r.resource = 'messenger:pgtap-page:conversations');
select is(pg_temp.called(), '{pgtap-page,pgtap-third,pgtap-second}', 'those whose last run is oldest come first');
update crm.sync_runs set started_at = now() - interval '1 hour' where resource = 'messenger:pgtap-second:conversations';
select is(pg_temp.called(), '{pgtap-second,pgtap-page,pgtap-third}', 'whoever they are');
select is(pg_temp.called(2), '{pgtap-second,pgtap-page}', 'and no more than so many');
select is(pg_temp.called(0), '{}', 'be it none');

-- A call that begins no run (no token, a wrong key) is noted, and the others get their turn.
create function pg_temp.called_next() returns text language plpgsql as $$
begin
  delete from net.http_request_queue;
  perform crm_private.refresh_syncs('https://pgtap.supabase.co', 'pgtap-key', 1);
  return (select a.external_id from net.http_request_queue q join crm.channel_accounts a on a.id = (convert_from(q.body, 'UTF8')::jsonb ->> 'channelAccountId')::uuid);
end $$;
update crm.sync_state set triggered_at = null, unanswered_since = null;
select is(array[pg_temp.called_next(), pg_temp.called_next(), pg_temp.called_next(), pg_temp.called_next()], '{pgtap-second,pgtap-page,pgtap-third,pgtap-second}', 'one whose run never begins takes nobody''s turn');
select ok((select s.unanswered_since < s.triggered_at from crm.sync_state s where s.resource = 'messenger:pgtap-second:conversations'), 'and since when nothing has come of it');
select pg_temp.read('pgtap-second');
create temporary table third as select pg_temp.called(), clock_timestamp() as at;
select ok((select s.unanswered_since = s.triggered_at and s.triggered_at <= t.at from third t, crm.sync_state s where s.resource = 'messenger:pgtap-second:conversations'), 'a run that begins ends that')
from third;

select * from finish();
rollback;
