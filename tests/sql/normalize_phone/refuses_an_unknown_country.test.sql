begin;
select plan(9);

select tests.throws_code(format('select crm.normalize_phone(%L, %L)', c.raw, c.country), 'PT400', 'invalid_input', c.description)
from (values
  ('300 123 4567', 'XX', 'no country'),
  ('300 123 4567', 'co', 'in lower case'),
  ('300 123 4567', 'COL', 'three letters'),
  ('300 123 4567', '57', 'a calling code'),
  ('300 123 4567', '800', 'a calling code of no country'),
  ('300 123 4567', '', 'an empty text'),
  ('+573001234567', 'XX', 'although the number is international'),
  (null, 'XX', 'although there is no number')
) c (raw, country, description);
select is(crm.normalize_phone('300 123 4567', 'CO'), '+573001234567', 'a country is none of these');

select * from finish();
rollback;
