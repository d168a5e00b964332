begin;
select plan(6);

select tests.furnish_acme();
select tests.throws_code($$ select crm.update_channel_account(gen_random_uuid()) $$, 'PT404', 'not_found', 'an unknown account');
select tests.throws_code($$ select crm.update_channel_account(null) $$, 'PT404', 'not_found', 'no account');
select tests.throws_code(
  $$ select crm.update_channel_account(tests.account_id('pgtap-page'), p_workspace_id => tests.workspace_id('pgtap-other')) $$,
  'PT404', 'not_found', 'an account of another workspace than the one that is named');
select is(crm.update_channel_account(tests.account_id('pgtap-page'), p_workspace_id => tests.workspace_id()), '{}', 'of the one that is named');
select tests.throws_code($$ select crm.update_channel_account(tests.account_id('pgtap-page'), p_display_name => ' ') $$,
  'PT400', 'invalid_input', 'a blank name');
select is((select a.display_name from crm.channel_accounts a where a.external_id = 'pgtap-page'), 'Acme''s page', 'nothing has changed');

select * from finish();
rollback;
