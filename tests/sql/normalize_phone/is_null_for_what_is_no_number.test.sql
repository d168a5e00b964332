begin;
select plan(20);

select is(crm.normalize_phone(c.raw, c.country), null, c.description)
from (values
  (null, null, 'null'),
  (null, 'CO', 'null, in a country'),
  ('', 'CO', 'nothing'),
  ('   ', 'CO', 'blanks'),
  ('+', 'CO', 'a plus'),
  ('+57', 'CO', 'a country code'),
  ('12', 'CO', 'two digits'),
  ('123', 'CO', 'three digits'),
  ('hidden', 'CO', 'a word'),
  ('ana@example.com', 'CO', 'an e-mail address'),
  ('+0 300 123 4567', 'CO', 'a country code that begins with zero'),
  ('+57 300 123 456', 'CO', 'a digit short'),
  ('+57 300 123 456 789', 'CO', 'two digits long'),
  ('300 123 4567', null, 'a national number without a country'),
  (repeat('3', 251), 'CO', '251 digits'),
  (repeat('3', 1000000), 'CO', 'a million digits'),
  ('tel:' || repeat('3', 1000000) || ';phone-context=+57', 'CO', 'a million digits in a context')
) c (raw, country, description);

select is(crm.normalize_phone('3001234567' || repeat(' ', 240), 'CO'), '+573001234567', '250 characters are read');
select is(crm.normalize_phone('3001234567' || repeat(' ', 241), 'CO'), null, '251 are not');
select is(crm.normalize_phone('3001234567' || repeat(U&'\+01F600', 121), 'CO'), null, 'characters outside the basic plane count twice');

select * from finish();
rollback;
