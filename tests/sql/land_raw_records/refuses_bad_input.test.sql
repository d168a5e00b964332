begin;
select plan(10);

select tests.create_acme();
select tests.create_merchant();
select tests.throws_code(format('select crm.land_raw_records(%s)', b.arguments), 'PT400', 'invalid_input', b.name)
from (values
  ('an account of another channel', 'tests.account_id(''pgtap-page''), ''contacts'', ''[]'''),
  ('an unknown entity', 'tests.account_id(''pgtap-merchant''), ''agents'', ''[]'''),
  ('no entity', 'tests.account_id(''pgtap-merchant''), null, ''[]'''),
  ('records that are an object', 'tests.account_id(''pgtap-merchant''), ''contacts'', ''{}'''),
  ('no records', 'tests.account_id(''pgtap-merchant''), ''contacts'', null'),
  ('501 records', 'tests.account_id(''pgtap-merchant''), ''contacts'', (select jsonb_agg(n) from generate_series(1, 501) n)'),
  ('rejected ones that are an object', 'tests.account_id(''pgtap-merchant''), ''contacts'', ''[]'', ''{}'''),
  ('a cursor without a resource', 'tests.account_id(''pgtap-merchant''), ''contacts'', ''[]'', p_cursor => ''{}'''),
  ('a cursor that is a text', 'tests.account_id(''pgtap-merchant''), ''contacts'', ''[]'', p_resource => ''r'', p_cursor => ''"x"''')
) b (name, arguments);
select tests.throws_code($$ select crm.land_raw_records(gen_random_uuid(), 'contacts', '[]') $$, 'PT404', 'not_found', 'an account that does not exist');

select * from finish();
rollback;
