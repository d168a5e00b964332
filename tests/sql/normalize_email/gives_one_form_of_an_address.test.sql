begin;
select plan(9);

select is(crm.normalize_email(c.raw), c.email, c.description)
from (values
  ('ana@example.com', 'ana@example.com', 'stays as it is'),
  ('Ana.Ruiz@Example.COM', 'ana.ruiz@example.com', 'in lower case'),
  ('  ana@example.com ', 'ana@example.com', 'blanks around it go'),
  (U&'\0009\000D\000Aana@example.com\000A\000B\000C', 'ana@example.com', 'so do tabs and line ends'),
  (U&'\00A0\2003\3000ana@example.com\202F\0085\2028', 'ana@example.com', 'and the blanks of Unicode'),
  (U&'\FEFFana@example.com', 'ana@example.com', 'and the byte order mark'),
  ('ana+shop@example.com', 'ana+shop@example.com', 'a tag stays'),
  ('ana@localhost', 'ana@localhost', 'a domain needs no dot'),
  ('ana maria@example.com', 'ana maria@example.com', 'blanks inside stay')
) c (raw, email, description);

select * from finish();
rollback;
