begin;
select plan(5);

select isnt(crm.create_workspace('pgtap-one', '  One  ', 'CO'), null, 'returns an id');
select results_eq(
  $$ select w.slug, w.name, w.default_country, w.settings from crm.workspaces w where w.slug = 'pgtap-one' $$,
  $$ values ('pgtap-one', 'One', 'CO', '{}'::jsonb) $$,
  'the workspace is there, its name trimmed');
select is(crm.create_workspace('pgtap-one', 'Another name', 'MX'), tests.workspace_id('pgtap-one'), 'calling again returns the same id');
select is((select w.name || w.default_country from crm.workspaces w where w.slug = 'pgtap-one'), 'OneCO', 'and leaves the workspace as it is');
select isnt(crm.create_workspace('pgtap-two', 'One', 'CO'), tests.workspace_id('pgtap-one'), 'another slug is another workspace');

select * from finish();
rollback;
