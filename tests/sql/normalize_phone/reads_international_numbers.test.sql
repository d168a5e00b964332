begin;
select plan(27);

select is(crm.normalize_phone(c.raw, c.country), c.number, c.description)
from (values
  ('+573001234567', null, '+573001234567', 'E.164 stays as it is'),
  ('+57 300 123 4567', 'MX', '+573001234567', 'whatever the default country'),
  ('00573001234567', 'ES', '+573001234567', 'after 00, dialled in Spain'),
  ('011573001234567', 'US', '+573001234567', 'after 011, dialled in the United States'),
  ('00573001234567', 'US', null, 'but not after 00 there'),
  ('810573001234567', 'RU', '+573001234567', 'after 810, dialled in Russia'),
  ('0021573001234567', 'BR', '+573001234567', 'after a Brazilian carrier'),
  ('00573001234567', null, null, 'what is dialled abroad depends on the country'),
  ('14110011', 'AU', '+6114110011', 'an international prefix with nothing after it is none'),
  ('00766', 'KR', '+8200766', 'nor is one with a zero after it'),
  ('573001234567', 'CO', '+573001234567', 'without its plus, when it is too long for a national number'),
  ('35903092570', 'BG', '+3593092570', 'and when only the rest is a number'),
  ('573001234567', 'MX', null, 'but only of the default country'),
  ('+49 0151 23456789', null, '+4915123456789', 'a national prefix after the country code is dropped'),
  ('+44 (0)20 7946 0958', null, '+442079460958', 'in brackets too'),
  ('+57 0300 123 4567', null, '+5703001234567', 'but not where 03 is a carrier and too few digits would be left'),
  ('+800 1234 5678', null, '+80012345678', 'a free phone of no country'),
  ('+808 1234 5678', null, '+80812345678', 'a shared-cost number of no country'),
  ('+870 773 111 632', null, '+870773111632', 'a satellite phone'),
  ('+883 5100 1234 5678', null, '+883510012345678', 'an international network'),
  ('+979 1 2345 6789', null, '+979123456789', 'a premium number of no country'),
  ('+979 1 2345 678', null, null, 'which has its length as well'),
  ('+1 310 1234', null, '+13101234', 'seven digits are possible in Canada'),
  ('+1 600 2345', null, null, 'but not where they belong to no country'),
  ('+1 (268) 464-1234', 'US', '+12684641234', 'Antigua shares the code'),
  ('+7 701 234 5678', null, '+77012345678', 'Kazakhstan shares Russia''s'),
  ('+999 123 456 789', null, null, 'an unassigned code')
) c (raw, country, number, description);

select * from finish();
rollback;
