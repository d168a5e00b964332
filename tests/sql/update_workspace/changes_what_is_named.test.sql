begin;
select plan(11);

select tests.create_workspace('pgtap-acme');
select is(crm.update_workspace(tests.workspace_id(), '{}'), '{}', 'returns the settings');
select is(crm.update_workspace(tests.workspace_id(), null), '{}', 'no settings are no change');
select results_eq($$ select w.name, w.default_country from crm.workspaces w where w.id = tests.workspace_id() $$, $$ values ('Pgtap-Acme', 'CO') $$, 'all is as it was');
select is(crm.update_workspace(tests.workspace_id(), '{}', '  Acme  '), '{}', 'the name changes');
select results_eq($$ select w.name, w.default_country from crm.workspaces w where w.id = tests.workspace_id() $$, $$ values ('Acme', 'CO') $$, 'without blanks around it, and alone');
select is(crm.update_workspace(tests.workspace_id(), '{}', p_default_country => 'MX'), '{}', 'so does the country');
select results_eq($$ select w.name, w.default_country from crm.workspaces w where w.id = tests.workspace_id() $$, $$ values ('Acme', 'MX') $$, 'alone');
select tests.writes_nothing($$ select crm.update_workspace(tests.workspace_id(), '{}', ' Acme', 'MX') $$, 'the same again writes nothing');

-- There is no setting of a workspace yet. What somebody wrote past the function can be removed.
update crm.workspaces w set settings = '{"a": 1, "b": 2}' where w.id = tests.workspace_id();
select is(crm.update_workspace(tests.workspace_id(), '{"a": null}'), '{"b": 2}', 'null removes a key');
select tests.throws_code($$ select crm.update_workspace(tests.workspace_id(), '{"b": 3}') $$, 'PT400', 'invalid_input', 'an unknown one cannot be set');
select is((select w.settings from crm.workspaces w where w.id = tests.workspace_id()), '{"b": 2}', 'and stays as it was');

select * from finish();
rollback;
