begin;
select plan(9);

select is(crm.normalize_email(c.raw), null, c.description)
from (values
  (null, 'null'),
  ('', 'nothing'),
  ('   ', 'blanks'),
  ('ana', 'no @'),
  ('@', 'an @ alone'),
  ('@example.com', 'nothing before it'),
  ('ana@', 'nothing after it'),
  (U&'ana@\00A0', 'only a blank after it'),
  ('ana@x@example.com', 'two of them')
) c (raw, description);

select * from finish();
rollback;
