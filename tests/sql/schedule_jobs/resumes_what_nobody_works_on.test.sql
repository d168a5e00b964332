-- I14: a run that stopped, whatever stopped it, goes on by itself.
begin;
select plan(12);

select tests.create_acme();
select vault.create_secret('sb_secret_pgtap', 'pgtap-key');
-- A page of its own with a run over its conversations, or over something else; p_lease is how long its lock is still held.
create function pg_temp.run(
  p_page text, p_status text, p_resume_at interval default null, p_lease interval default null, p_what text default 'conversations'
) returns uuid language plpgsql as $$
declare
  v_account uuid := crm.connect_channel(tests.workspace_id(), 'messenger', p_page, p_page);
  v_resource text := 'messenger:' || p_page || ':' || p_what;
  v_id uuid;
begin
  insert into crm.sync_runs (workspace_id, channel_account_id, resource, mode, holder, fencing_token, status, paused_at, resume_at, finished_at, error)
  values (tests.workspace_id(), v_account, v_resource, 'full', 'pgtap', 1, p_status, case p_status when 'paused' then now() end,
    clock_timestamp() + p_resume_at, case when p_status in ('completed', 'failed') then now() end, case p_status when 'failed' then 'invalid: x' end)
  returning id into v_id;
  if p_lease is not null then
    perform crm.acquire_sync_lock(v_resource, 'pgtap');
    update crm.sync_locks set expires_at = clock_timestamp() + p_lease where resource = v_resource;
  end if;
  return v_id;
end $$;
create function pg_temp.posted() returns setof text language sql as $$
  select split_part(r.resource, ':', 2)
  from net.http_request_queue q
  join crm.sync_runs r on r.id = (convert_from(q.body, 'UTF8')::jsonb ->> 'resumeSession')::uuid
  order by 1
$$;
select is(crm_private.resume_syncs('https://pgtap.supabase.co', 'pgtap-nothing'), 0, 'with nothing to resume, no secret is needed');

select pg_temp.run('paused', 'paused'), pg_temp.run('due', 'paused', '-1 second'), pg_temp.run('not due', 'paused', '1 minute'), pg_temp.run('being resumed', 'paused', null, '1 minute'),
  pg_temp.run('running', 'running', null, '1 minute'), pg_temp.run('died', 'running', null, '-1 second'), pg_temp.run('died and cleaned up', 'running'),
  pg_temp.run('completed', 'completed'), pg_temp.run('failed', 'failed'), pg_temp.run('of another resource', 'paused', p_what => 'rescue');
select tests.throws_code($$ select crm_private.resume_syncs('https://pgtap.supabase.co', 'pgtap-nothing') $$, 'PT404', 'not_found', 'a secret that is gone is an error of the job');
select is(crm_private.resume_syncs('https://pgtap.supabase.co', 'pgtap-key'), 4, 'it says how many it resumes');
select set_eq('select * from pg_temp.posted()', '{paused,due,died,died and cleaned up}'::text[], 'I14: those that nobody works on and that may go on');
select is((select array_agg(distinct q.method || ' ' || q.url) from net.http_request_queue q), '{POST https://pgtap.supabase.co/functions/v1/conversation-sync}', 'by a call of the function');
select is((select array_agg(distinct q.headers) from net.http_request_queue q), array['{"Content-Type": "application/json", "apikey": "sb_secret_pgtap"}'::jsonb], 'with the secret key');
select set_eq($$ select convert_from(q.body, 'UTF8')::jsonb from net.http_request_queue q $$,
  $$ select jsonb_build_object('channelAccountId', r.channel_account_id, 'resumeSession', r.id) from crm.sync_runs r where r.resource ~ ':(paused|due|died|died and cleaned up):conversations$' $$, 'for the account and the run');
select ok((select min(q.timeout_milliseconds) >= 120000 from net.http_request_queue q), 'and waits as long as a function may live');

delete from net.http_request_queue;
select is(crm_private.resume_syncs('https://pgtap.supabase.co/base/', 'pgtap-key', 3), 3, 'a minute resumes so many and no more');
select is((select array_agg(distinct q.url) from net.http_request_queue q), '{https://pgtap.supabase.co/base/functions/v1/conversation-sync}', 'the URL may have a path');
select is(crm_private.resume_syncs('https://pgtap.supabase.co', 'pgtap-key', 20, clock_timestamp() + interval '61 seconds'), 7, 'later also what was not due, and whose lease is over by then');
update crm.channel_accounts set is_active = false where channel = 'messenger';
select is(crm_private.resume_syncs('https://pgtap.supabase.co', 'pgtap-key'), 0, 'an account that is not active is left alone');

select * from finish();
rollback;
