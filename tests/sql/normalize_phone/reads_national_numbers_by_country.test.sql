begin;
select plan(35);

select is(crm.normalize_phone(c.raw, c.country), c.number, format('%s, %s: %s', c.country, c.raw, c.description))
from (values
  ('300 123 4567', 'CO', '+573001234567', 'a mobile'),
  ('(601) 234 5678', 'CO', '+576012345678', 'ten digits on a fixed line'),
  ('03 601 234 5678', 'CO', '+576012345678', 'after a carrier'),
  ('300 123 456', 'CO', null, 'a digit short'),
  ('55 1234 5678', 'MX', '+525512345678', 'ten digits'),
  ('+52 55 1234 5678', 'MX', '+525512345678', 'the same abroad'),
  ('+52 1 55 1234 5678', 'MX', null, 'the 1 of mobiles is no more'),
  ('044 55 1234 5678', 'MX', null, 'nor are the prefixes'),
  ('011 15 2345 6789', 'AR', '+5491123456789', 'a mobile in Buenos Aires: the 15 becomes a 9'),
  ('0341 15 234 5678', 'AR', '+5493412345678', 'in Rosario'),
  ('02966 15 234567', 'AR', '+5492966234567', 'in Santa Cruz'),
  ('011 4123 4567', 'AR', '+541141234567', 'a fixed line'),
  ('+54 9 11 2345 6789', 'AR', '+5491123456789', 'the same abroad'),
  ('+54 11 2345 6789', 'AR', '+541123456789', 'and without the 9 a fixed line'),
  ('(11) 91234-5678', 'BR', '+5511912345678', 'nine digits after the area'),
  ('(11) 1234-5678', 'BR', '+551112345678', 'eight digits'),
  ('0 31 11 91234-5678', 'BR', '+5511912345678', 'after a carrier'),
  ('0 11 91234-5678', 'BR', '+5511912345678', 'after the prefix'),
  ('06 698 12345', 'IT', '+390669812345', 'the zero belongs to the number'),
  ('312 345 6789', 'IT', '+393123456789', 'a mobile has none'),
  ('06 698 12345', 'VA', '+390669812345', 'the Vatican shares the code'),
  ('0549 886 377', 'SM', '+3780549886377', 'so it does in San Marino'),
  ('886377', 'SM', '+3780549886377', 'where it may be left out'),
  ('464-1234', 'AG', '+12684641234', 'seven digits get the island''s code'),
  ('464-1234', 'US', null, 'but none on the mainland'),
  ('310-1234', 'CA', '+13101234', 'Canada has numbers of seven digits'),
  ('310-1234', 'US', '+13101234', 'wherever they are written'),
  ('555-1234', 'US', null, 'which the United States have not'),
  ('1 (212) 373-4253', 'US', '+12123734253', 'the prefix is dropped'),
  ('020 7946 0958', 'GB', '+442079460958', 'the prefix is dropped'),
  ('534567', 'GG', '+441481534567', 'six digits get the island''s code'),
  ('8 (800) 555-35-35', 'RU', '+78005553535', 'only the first 8 is the prefix'),
  ('800 555-35-35', 'RU', '+78005553535', 'and here none is'),
  ('12345', 'NF', '+672312345', 'five digits get a 3'),
  ('090-1234-5678', 'JP', '+819012345678', 'a mobile')
) c (raw, country, number, description);

select * from finish();
rollback;
