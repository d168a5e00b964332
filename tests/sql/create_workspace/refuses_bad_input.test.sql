begin;
select plan(12);

select tests.throws_code(format('select crm.create_workspace(%L, %L, %L)', c.slug, c.name, c.country), 'PT400', 'invalid_input', c.description)
from (values
  (null, 'Name', 'CO', 'no slug'),
  ('', 'Name', 'CO', 'an empty slug'),
  ('Acme', 'Name', 'CO', 'a slug with capitals'),
  ('-acme', 'Name', 'CO', 'a slug that starts with a hyphen'),
  ('ac me', 'Name', 'CO', 'a slug with a space'),
  (repeat('a', 64), 'Name', 'CO', 'a slug of 64 characters'),
  ('pgtap', null, 'CO', 'no name'),
  ('pgtap', '  ', 'CO', 'a blank name'),
  ('pgtap', 'Name', null, 'no country'),
  ('pgtap', 'Name', 'Colombia', 'a country''s name instead of its code')
) c (slug, name, country, description);
select lives_ok(format('select crm.create_workspace(%L, %L, %L)', repeat('a', 63), 'Name', 'CO'), 'a slug of 63 characters is one');
select tests.throws_code($$ select crm.create_workspace('pgtap-zz', 'Nowhere', 'ZZ') $$, 'PT400', 'invalid_input', 'a country that has no telephone numbers');

select * from finish();
rollback;
