-- Without a resource it reads what the registry says of the account's channel.
begin;
select plan(11);

select tests.create_acme();
select tests.create_merchant();

-- Every channel of the registry has an account here.
create temporary table accounts as
select a.id, s.channel, a.external_id, s.what
from crm_private.channel_syncs() s
join crm.channel_accounts a on a.channel = s.channel and a.workspace_id = tests.workspace_id();
select is((select count(distinct a.channel)::int from accounts a), (select count(*)::int from crm_private.channel_syncs()),
  'each channel that has a sync is tried');
create temporary table started as
select a.*, s.*
from accounts a
cross join lateral crm.start_sync(a.id, p_mode => 'full', p_holder => 'pgtap') s;
select is_empty($$ select * from started s where s.resource <> s.channel || ':' || s.external_id || ':' || s.what $$,
  'the resource is <channel>:<external id>:<what>');
select is_empty($$ select * from started s where s.bucket <> s.channel || ':' || s.external_id $$,
  'and the bucket <channel>:<external id>');
select is_empty($$
  select * from started s
  where not exists (select from crm.sync_locks l where l.resource = s.resource and l.token = s.token and l.workspace_id = tests.workspace_id())
$$, 'the lock is that of the resource');
select is_empty($$
  select * from started s
  where not exists (select from crm.sync_runs r where r.id = s.run_id and r.resource = s.resource)
$$, 'and so is the run');

select crm.finish_sync(s.run_id, s.token, 'paused') from started s;
select is_empty($$
  select * from started s
  cross join lateral crm.start_sync(s.id, s.resource, 'full', 'pgtap') n
  where n.run_id <> s.run_id
$$, 'a caller that names the same resource resumes the same run');

select tests.throws_code($$ select crm.start_sync(tests.account_id('pgtap-number'), p_mode => 'full', p_holder => 'me') $$,
  'PT404', 'not_found', 'a channel without a sync is not found');
select throws_like($$ select crm.start_sync(tests.account_id('pgtap-number'), p_mode => 'full', p_holder => 'me') $$,
  '%channel whatsapp%', 'and named');
select is((select count(*)::int from crm.sync_runs r where r.channel_account_id = tests.account_id('pgtap-number')), 0,
  'nothing was begun for it');
select tests.throws_code($$ select crm.start_sync(tests.account_id('pgtap-page'), p_holder => 'me') $$,
  'PT400', 'invalid_input', 'the mode has no default');
select tests.expire_lease();
select tests.throws_code($$ select crm.start_sync(tests.account_id('pgtap-page'), p_mode => 'full') $$,
  'PT400', 'invalid_input', 'nor has the holder');

select * from finish();
rollback;
