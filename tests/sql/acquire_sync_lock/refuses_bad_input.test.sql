begin;
select plan(9);

select tests.throws_code(format('select crm.acquire_sync_lock(%s)', b.arguments), 'PT400', 'invalid_input', b.name)
from (values
  ('no resource', 'null, ''me'''),
  ('a blank resource', ''' '', ''me'''),
  ('a resource of 513 characters', 'repeat(''r'', 513), ''me'''),
  ('no holder', '''r'', null'),
  ('a blank holder', '''r'', '' '''),
  ('no time to live', '''r'', ''me'', null'),
  ('less than a second', '''r'', ''me'', ''999 milliseconds'''),
  ('more than an hour', '''r'', ''me'', ''1 hour 1 millisecond'''),
  ('a time to live that is negative', '''r'', ''me'', ''-5 minutes''')
) b (name, arguments);

select * from finish();
rollback;
