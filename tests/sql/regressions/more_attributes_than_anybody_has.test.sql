-- I15: one contact must not hold up a queue: each attribute is a field of its own, with its own source.
begin;
select plan(3);

select tests.create_acme();
create function pg_temp.attributes(p_count int) returns jsonb language sql as $$ select jsonb_object_agg('a' || i, i) from generate_series(1, p_count) i $$;
select tests.throws_code(format($$ select tests.upsert('contacts_api', jsonb_build_object('email', 'a@x.co', 'custom_attributes', %L::jsonb)) $$, pg_temp.attributes(501)),
  'PT400', 'invalid_input', 'more than 500 attributes');
select is(tests.upsert('contacts_api', jsonb_build_object('email', 'a@x.co', 'custom_attributes', pg_temp.attributes(500))) ->> 'outcome', 'created', '500 are taken');
select is((tests.contact('email:a@x.co')).custom_attributes, pg_temp.attributes(500), 'all of them');

select * from finish();
rollback;
