begin;
select plan(9);

select crm.set_rate_limit('pgtap', 10, 1);
select tests.throws_code(format('select crm.take_rate_limit(%s)', b.arguments), 'PT400', 'invalid_input', b.name)
from (values
  ('no bucket', 'null'),
  ('a blank bucket', ''' '''),
  ('a bucket of 513 characters', 'repeat(''b'', 513)'),
  ('no cost', '''pgtap'', null'),
  ('nothing', '''pgtap'', 0'),
  ('less than nothing', '''pgtap'', -1'),
  ('more than it can ever hold', '''pgtap'', 11'),
  ('more than one that nobody has set can hold', '''pgtap-new'', 101')
) b (name, arguments);
select is((select t.granted from crm.take_rate_limit('pgtap', 10) t), true, 'nothing was taken, and all of it may be');

select * from finish();
rollback;
