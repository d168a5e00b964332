begin;
select plan(7);

select tests.create_acme();
select tests.throws_code('select crm.replay_dead_letters(0)', 'PT400', 'invalid_input');
select tests.throws_code('select crm.replay_dead_letters(501)', 'PT400', 'invalid_input');
select tests.throws_code('select crm.replay_dead_letters(null)', 'PT400', 'invalid_input');

update crm.channel_accounts set is_active = false where external_id = 'pgtap-page';
select crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(
  tests.chat('P' || n, variadic array(select tests.said(format('m%s-%s', n, i), i) from generate_series(1, 900) i)))) from generate_series(1, 3) n;
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (0, 0), 'what waits for an account that is not active stays where it is');
update crm.channel_accounts set is_active = true where external_id = 'pgtap-page';
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (2, 0), 'a call takes 2,000 events at most');
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (1, 0), 'the next goes on');
select is(tests.count_of('messages'), 2700, 'I15: until all is stored');

select * from finish();
rollback;
