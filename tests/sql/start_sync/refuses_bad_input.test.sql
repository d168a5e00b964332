begin;
select plan(13);

select tests.create_acme();
select tests.throws_code(format('select crm.start_sync(tests.account_id(''pgtap-page''), %s)', b.arguments), 'PT400', 'invalid_input', b.name)
from (values
  ('no mode', '''messenger:pgtap-page:conversations'', null, ''me'''),
  ('another mode', '''messenger:pgtap-page:conversations'', ''partial'', ''me'''),
  ('a resource of another account', '''messenger:pgtap-page2:conversations'', ''full'', ''me'''),
  ('a resource of another channel', '''whatsapp:pgtap-page:conversations'', ''full'', ''me'''),
  ('a resource that is only the account', '''messenger:pgtap-page:'', ''full'', ''me'''),
  ('a resource of an account whose id goes on', '''messenger:pgtap-page:1:conversations'', ''full'', ''me'''),
  ('no holder', '''messenger:pgtap-page:conversations'', ''full'', null'),
  ('a blank holder', '''messenger:pgtap-page:conversations'', ''full'', '' '''),
  ('a holder of 201 characters', '''messenger:pgtap-page:conversations'', ''full'', repeat(''h'', 201)')
) b (name, arguments);

select tests.throws_code($$ select crm.start_sync(gen_random_uuid(), 'messenger:pgtap-page:conversations', 'full', 'me') $$, 'PT404', 'not_found', 'an unknown account');
select tests.throws_code($$ select crm.start_sync(null, 'messenger:pgtap-page:conversations', 'full', 'me') $$, 'PT404', 'not_found', 'no account');
update crm.channel_accounts a set is_active = false where a.external_id = 'pgtap-page';
select tests.throws_code($$ select tests.start_sync() $$, 'PT404', 'not_found', 'an account that is not active');
select is(tests.count_of('sync_runs') + tests.count_of('sync_state') + tests.count_of('sync_locks'), 0, 'nothing was begun');

select * from finish();
rollback;
