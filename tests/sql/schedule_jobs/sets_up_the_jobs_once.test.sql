begin;
select plan(8);

select vault.create_secret('sb_secret_pgtap', 'pgtap-key');
select results_eq($$ select s from crm.schedule_jobs('https://pgtap.supabase.co/', 'pgtap-key') s order by s collate "C" $$,
  $$ values ('onefold-expired-locks'), ('onefold-reconcile-contacts'), ('onefold-refresh-syncs'), ('onefold-resume-syncs') $$, 'it says which jobs there are');
create temporary table before as select j.jobid, j.jobname::text as name, j.schedule, j.command from cron.job j where j.jobname::text like 'onefold-%';
select set_eq('select b.name, b.schedule, b.command from before b', $$ values
  ('onefold-expired-locks', '* * * * *', 'select crm.cleanup_expired_locks()'),
  ('onefold-reconcile-contacts', '*/15 * * * *', 'select crm.reconcile_contacts()'),
  ('onefold-refresh-syncs', '7-59/15 * * * *', $c$select crm_private.refresh_syncs('https://pgtap.supabase.co', 'pgtap-key')$c$),
  ('onefold-resume-syncs', '* * * * *', $c$select crm_private.resume_syncs('https://pgtap.supabase.co', 'pgtap-key')$c$) $$, 'when each runs, and what it does');
select is_empty($$ select from cron.job j where j.command like '%sb_secret%' $$, 'no job has the secret itself');
select crm.schedule_jobs('https://pgtap.supabase.co', 'pgtap-key');
select set_eq($$ select j.jobid, j.jobname::text, j.schedule, j.command from cron.job j where j.jobname::text like 'onefold-%' $$, 'select * from before', 'again, it is the same jobs');

select vault.create_secret('sb_secret_other', 'another''s key');
select crm.schedule_jobs('http://127.0.0.1:54321', 'another''s key');
select set_eq($$ select j.command from cron.job j where j.jobname::text like 'onefold-re%-syncs' $$,
  $$ select format('select crm_private.%s_syncs(''http://127.0.0.1:54321'', ''another''''s key'')', n) from unnest(array['refresh', 'resume']) n $$, 'with other arguments they change');
select is((select count(*)::int from cron.job j where j.jobname::text like 'onefold-%'), 4, 'and are no more than before');

do $$
declare
  v_command text;
begin
  for v_command in select j.command from cron.job j where j.jobname::text like 'onefold-%' loop
    execute v_command;
  end loop;
end $$;
select pass('each command runs');
select is((select array_agg(distinct j.username::text) from cron.job j where j.jobname::text like 'onefold-%'), array[current_user::text], 'as whoever scheduled it');

select * from finish();
rollback;
