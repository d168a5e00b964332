begin;
select plan(7);

select tests.create_acme();
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'source_updated_at', tests.ms(10)))) - 'contact_id',
  '{"outcome": "created", "sync_source": "contacts_api", "version": 1}', 'created: a full contact');
select is((tests.contact('email:a@x.co')).needs_full_sync, false, 'which needs nothing more');
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'source_updated_at', tests.ms(10)))) ->> 'outcome',
  'unchanged', 'unchanged: nothing new');
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Bea', 'source_updated_at', tests.ms(20)))) ->> 'outcome',
  'updated', 'updated: a newer value');
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Zoe', 'source_updated_at', tests.ms(15)))) ->> 'outcome',
  'stale', 'stale: only older values');
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Zoe', 'city', 'Cali', 'source_updated_at', tests.ms(15)))) ->> 'outcome',
  'updated', 'updated: an older delivery that alone has a field');
select results_eq($$ select c.full_name, c.city, c.source_updated_at from tests.contact('email:a@x.co') c $$, $$ values ('Bea', 'Cali', tests.moment(20)) $$, 'the guard is per field');

select * from finish();
rollback;
