begin;
select plan(5);

select tests.create_workspace('pgtap-acme');
select isnt(crm.connect_channel(tests.workspace_id(), 'messenger', 'pgtap-page', ' The page '), null, 'returns an id');
select results_eq(
  $$ select a.workspace_id, a.channel, a.external_id, a.display_name, a.is_active from crm.channel_accounts a where a.external_id = 'pgtap-page' $$,
  $$ values (tests.workspace_id(), 'messenger', 'pgtap-page', 'The page', true) $$,
  'the account is connected');
select is(crm.connect_channel(tests.workspace_id(), 'messenger', 'pgtap-page', 'Renamed'), tests.account_id('pgtap-page'), 'calling again returns the same id');
select is((select a.display_name from crm.channel_accounts a where a.external_id = 'pgtap-page'), 'The page', 'and changes nothing');
select isnt(crm.connect_channel(tests.workspace_id(), 'whatsapp', 'pgtap-page', 'Number'),
  (select a.id from crm.channel_accounts a where a.external_id = 'pgtap-page' and a.channel = 'messenger'),
  'the same id on another channel is another account');

select * from finish();
rollback;
