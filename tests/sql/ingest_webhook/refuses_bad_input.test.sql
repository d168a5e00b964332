begin;
select plan(8);

select tests.create_acme();
select tests.throws_code(format('select crm.ingest_webhook(%L, %L, %L, %L)', c.channel, 'pgtap-page', c.items, c.rejected), 'PT400', 'invalid_input', c.description)
from (values
  (null, '[]', '[]', 'no channel'),
  ('telegram', '[]', '[]', 'an unknown channel'),
  ('messenger', null, '[]', 'no items'),
  ('messenger', '{}', '[]', 'items that are an object'),
  ('messenger', '[]', null, 'no rejected items'),
  ('messenger', '[]', '{}', 'rejected items that are an object'),
  ('messenger', '[]', '"x"', 'rejected items that are a text')
) c (channel, items, rejected, description);
select is(tests.count_of('dead_letters'), 0, 'nothing is kept');

select * from finish();
rollback;
