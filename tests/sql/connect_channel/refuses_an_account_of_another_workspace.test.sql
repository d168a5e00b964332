-- I22: nobody takes over another workspace's account.
begin;
select plan(2);

select tests.create_acme();
select tests.create_workspace('pgtap-other');
select tests.throws_code(
  $$ select crm.connect_channel(tests.workspace_id('pgtap-other'), 'messenger', 'pgtap-page', 'Mine') $$,
  'PT409', 'connected_elsewhere', 'I22: an account connected to another workspace is refused');
select is((select a.workspace_id from crm.channel_accounts a where a.external_id = 'pgtap-page'), tests.workspace_id(), 'and stays where it is');

select * from finish();
rollback;
