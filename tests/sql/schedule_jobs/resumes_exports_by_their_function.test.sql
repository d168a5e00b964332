-- I14: a stopped run of a B2Chat merchant goes on by itself too.
begin;
select plan(6);

select tests.create_acme();
select tests.create_merchant();
select vault.create_secret('sb_secret_pgtap', 'pgtap-key');
create function pg_temp.called(p_limit int default 20, p_now timestamptz default clock_timestamp()) returns text[] language plpgsql as $$
declare
  v_count int;
  v_called text[];
begin
  delete from net.http_request_queue;
  v_count := crm_private.resume_syncs('https://pgtap.supabase.co', 'pgtap-key', p_limit, p_now);
  v_called := array(select replace(q.url, 'https://pgtap.supabase.co/functions/v1/', '') || ' ' || convert_from(q.body, 'UTF8') from net.http_request_queue q order by 1);
  if v_count <> cardinality(v_called) then
    raise exception 'it says %, and calls %', v_count, v_called;
  end if;
  return v_called;
end $$;
create function pg_temp.of_merchant() returns text language sql as $$
  select 'b2chat-sync ' || jsonb_build_object('channelAccountId', tests.account_id('pgtap-merchant'), 'resumeSession', r.id)::text
  from crm.sync_runs r
  where r.resource = 'b2chat:pgtap-merchant:export'
$$;

create temporary table started as select tests.start_export() as s;
select is(pg_temp.called(), '{}', 'not while somebody works on it');
select is(pg_temp.called(p_now => clock_timestamp() + interval '6 minutes'), array[pg_temp.of_merchant()], 'I14: one whose process died is gone on with by its own function');
select crm.block_rate_limit('b2chat:pgtap-merchant', '20 minutes');
select tests.finish_sync(s.s, 'paused', 'throttled') from started s;
select is(pg_temp.called(p_now => clock_timestamp() + interval '19 minutes'), '{}', 'not before B2Chat lets it');
select is(pg_temp.called(p_now => clock_timestamp() + interval '21 minutes'), array[pg_temp.of_merchant()], 'and then it is');

-- Others: that function goes on with none of them.
select crm.start_sync(tests.account_id('pgtap-merchant'), 'b2chat:pgtap-merchant:other', 'full', 'pgtap'), crm.start_sync(tests.account_id('pgtap-number'), 'whatsapp:pgtap-number:x', 'full', 'pgtap');
create temporary table page as select tests.start_sync() as s;
select is(pg_temp.called(p_now => clock_timestamp() + interval '21 minutes'), array[pg_temp.of_merchant(),
  'conversation-sync ' || jsonb_build_object('channelAccountId', tests.account_id('pgtap-page'), 'resumeSession', p.s ->> 'run_id')::text], 'each by the function of its channel, and what no function reads by none') from page p;
select is(cardinality(pg_temp.called(1, clock_timestamp() + interval '21 minutes')), 1, 'all of them together are no more than so many');

select * from finish();
rollback;
