begin;
select plan(8);

select tests.create_workspace('pgtap-acme');
select tests.throws_code(format('select crm.connect_channel(tests.workspace_id(), %L, %L, %L)', c.channel, c.external_id, c.name),
  'PT400', 'invalid_input', c.description)
from (values
  (null, 'x', 'Name', 'no channel'),
  ('telegram', 'x', 'Name', 'an unknown channel'),
  ('messenger', null, 'Name', 'no external id'),
  ('messenger', ' ', 'Name', 'a blank external id'),
  ('messenger', repeat('x', 257), 'Name', 'an external id of 257 characters'),
  ('messenger', 'x', '', 'no display name')
) c (channel, external_id, name, description);
select tests.throws_code($$ select crm.connect_channel(gen_random_uuid(), 'messenger', 'pgtap-x', 'Name') $$, 'PT404', 'not_found', 'an unknown workspace');
select tests.throws_code($$ select crm.connect_channel(null, 'messenger', 'pgtap-x', 'Name') $$, 'PT404', 'not_found', 'no workspace');

select * from finish();
rollback;
