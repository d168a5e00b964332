-- I15: of an item with several events the good ones are stored, and a bad one has a dead letter of its own.
begin;
select plan(4);

select tests.create_acme();
update crm.channel_accounts set is_active = false where external_id = 'pgtap-page';
select crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(tests.chat('P1', tests.said('m1', 1), '7', tests.said('m2', 2))));
update crm.channel_accounts set is_active = true where external_id = 'pgtap-page';
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (1, 0), 'I15: the item counts as replayed');
select is(tests.count_of('messages'), 2, 'I15: its good events are stored');
select set_eq($$ select d.item, d.status, d.reason from crm.dead_letters d where d.workspace_id = tests.workspace_id() $$, $$ values
  (tests.chat('P1', tests.said('m1', 1), '7', tests.said('m2', 2)), 'replayed', 'inactive_account'), (tests.chat('P1', '7'), 'open', 'invalid_event') $$, 'I15: and the bad one is kept alone');
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (0, 1), 'alone, it fails again');

select * from finish();
rollback;
