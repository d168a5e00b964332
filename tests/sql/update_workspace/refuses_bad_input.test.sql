begin;
select plan(18);

select tests.create_workspace('pgtap-acme');
select tests.throws_code(format('select crm.update_workspace(tests.workspace_id(), %L, %L, %L)', c.settings, c.name, c.country), 'PT400', 'invalid_input', c.description)
from (values
  ('{"time_zone": "UTC"}', null, null, 'a setting of an account'),
  ('{"default_country": "MX"}', null, null, 'a column as a setting'),
  ('{"nonsense": null}', null, null, 'an unknown key to be removed'),
  ('[]', null, null, 'a list'),
  ('true', null, null, 'no object'),
  ('{}', '', null, 'an empty name'),
  ('{}', E' \t\n', null, 'a blank name'),
  ('{}', repeat('x', 257), null, 'a name of 257 characters'),
  ('{}', repeat('x', 10000), null, 'a name of 10 kB'),
  ('{}', null, '', 'an empty country'),
  ('{}', null, 'co', 'a country in small letters'),
  ('{}', null, ' CO', 'a country with a blank before it'),
  ('{}', null, 'COL', 'a country of three letters'),
  ('{}', null, 'Colombia', 'a country by its name'),
  ('{}', null, '57', 'a calling code'),
  ('{}', null, 'XX', 'a country that there is not')
) c (settings, name, country, description);
select tests.throws_code($$ select crm.update_workspace(gen_random_uuid(), '{}') $$, 'PT404', 'not_found', 'an unknown workspace');
select results_eq($$ select w.name, w.default_country, w.settings from crm.workspaces w where w.id = tests.workspace_id() $$, $$ values ('Pgtap-Acme', 'CO', '{}'::jsonb) $$,
  'nothing has changed');

select * from finish();
rollback;
