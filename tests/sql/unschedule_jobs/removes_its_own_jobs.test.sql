begin;
select plan(6);

select vault.create_secret('sb_secret_pgtap', 'pgtap-key');
select cron.schedule('pgtap-other', '* * * * *', 'select 1');
select is(crm.unschedule_jobs(), 0, 'where nothing was set up, there is nothing to remove');
select crm.schedule_jobs('https://pgtap.supabase.co', 'pgtap-key');
select cron.schedule('onefold-of-an-older-version', '* * * * *', 'select 1');
select is(crm.unschedule_jobs(), 5, 'it counts what it removes, jobs of older versions included');
select is_empty($$ select from cron.job j where j.jobname::text like 'onefold-%' $$, 'they are gone');
select isnt_empty($$ select from cron.job j where j.jobname::text = 'pgtap-other' $$, 'other jobs stay');
select is(crm.unschedule_jobs(), 0, 'again it removes nothing');
select tests.as_service();
select tests.throws_code('select crm.unschedule_jobs()', 'PT403', 'forbidden', 'jobs are for the owner of the database');

select * from finish();
rollback;
