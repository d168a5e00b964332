begin;
select plan(17);

select vault.create_secret('sb_secret_pgtap', 'pgtap-key'), vault.create_secret(' ', 'pgtap-blank');
select tests.throws_code(format('select crm.schedule_jobs(%L, %L)', u.url, 'pgtap-key'), 'PT400', 'invalid_input')
from unnest(array[null, '', 'pgtap.supabase.co', 'ftp://pgtap.supabase.co', 'https://', 'https://key@pgtap.supabase.co', 'https://pgtap.supabase.co?apikey=1', 'https://pgtap.supabase.co#x',
  'https://pgtap supabase.co', E'https://pgtap.supabase.co\n', 'javascript:https://pgtap.supabase.co']) u (url);
select tests.throws_code($$ select crm.schedule_jobs('https://pgtap.supabase.co', null) $$, 'PT400', 'invalid_input');
select tests.throws_code($$ select crm.schedule_jobs('https://pgtap.supabase.co', ' ') $$, 'PT400', 'invalid_input');
select tests.throws_code($$ select crm.schedule_jobs('https://pgtap.supabase.co', 'pgtap-nothing') $$, 'PT404', 'not_found', 'a secret that is not in the vault');
select tests.throws_code($$ select crm.schedule_jobs('https://pgtap.supabase.co', 'pgtap-blank') $$, 'PT404', 'not_found', 'one that is blank');
select is_empty($$ select from cron.job j where j.jobname::text like 'onefold-%' $$, 'none of these has scheduled anything');

select tests.as_service();
select tests.throws_code($$ select crm.schedule_jobs('https://pgtap.supabase.co', 'pgtap-key') $$, 'PT403', 'forbidden', 'jobs are for the owner of the database');

select * from finish();
rollback;
