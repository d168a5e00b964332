begin;
select plan(4);

select tests.create_acme();
select crm.ingest_webhook('messenger', 'pgtap-later', jsonb_build_array(tests.chat('P1', tests.said('m1', 1, 'hello'))), '[]');
select tests.deliver('7');
create function pg_temp.replayable(p_account text) returns boolean language sql as $$
  select bool_and(s.can_be_replayed) from crm.dead_letter_summary s where s.account_external_id = p_account
$$;
select is(pg_temp.replayable('pgtap-later'), false, 'not while nobody has connected the account');
select crm.connect_channel(tests.workspace_id(), 'messenger', 'pgtap-later', 'Later');
select is(pg_temp.replayable('pgtap-later'), true, 'once it is connected');
select is(pg_temp.replayable('pgtap-page'), true, 'an item of a connected account');
update crm.channel_accounts set is_active = false where external_id = 'pgtap-page';
select is(pg_temp.replayable('pgtap-page'), false, 'not while it is inactive');

select * from finish();
rollback;
