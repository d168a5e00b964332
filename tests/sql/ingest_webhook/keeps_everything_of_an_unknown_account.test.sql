-- I15: nothing is lost when an account is not connected, and the provider gets its 200.
begin;
select plan(9);

select tests.create_acme();
select tests.create_member(tests.workspace_id(), 'owner@acme.test', 'owner');
create function pg_temp.counts(p_channel text, p_account text) returns int[] language sql as $$
  select array[i.received, i.duplicates, i.failed]
  from crm.ingest_webhook(p_channel, p_account, jsonb_build_array(tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2)), tests.chat('P2')), '[{"reason": "malformed", "path": "$", "item": 1}]') i
$$;
select is(pg_temp.counts('messenger', 'pgtap-unknown'), array[4, 0, 4], 'I15: everything has failed');
select results_eq($$ select d.reason, d.path, d.workspace_id, d.channel_account_id from crm.dead_letters d where d.account_external_id = 'pgtap-unknown' order by 1, d.item::text $$,
  $$ values ('malformed', '$', null::uuid, null::uuid), ('unknown_account', '$', null, null), ('unknown_account', '$', null, null) $$, 'I15: and is kept, without a workspace');
select is(pg_temp.counts('whatsapp', 'pgtap-page'), array[4, 0, 4], 'an id of another channel is unknown');
select is(pg_temp.counts('messenger', null), array[4, 0, 4], 'so is none');
update crm.channel_accounts set is_active = false where external_id = 'pgtap-page';
select is(pg_temp.counts('messenger', 'pgtap-page'), array[4, 0, 4], 'one that is not active takes nothing either');
select is(tests.count_of('dead_letters', $$ reason = 'inactive_account' $$), 2, 'but its workspace sees what it missed');
select is(tests.count_of('messages') + tests.count_of('contacts') + tests.count_of('conversations'), 0, 'nothing else is stored');
update crm.channel_accounts set is_active = true where external_id = 'pgtap-page';
select is(pg_temp.counts('messenger', 'pgtap-page'), array[4, 0, 1], 'once it is, a redelivery goes in');
select tests.authenticate_as('owner@acme.test');
select is_empty($$ select from crm.dead_letters d where d.workspace_id is null $$, 'I22: what belongs to no workspace no member sees');

select * from finish();
rollback;
