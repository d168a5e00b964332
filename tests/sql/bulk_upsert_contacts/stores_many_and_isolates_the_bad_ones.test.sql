-- I15: a bad contact never blocks its neighbours.
begin;
select plan(11);

select tests.create_acme();
create table pg_temp.answer as
select * from crm.bulk_upsert_contacts(tests.workspace_id(), 'contacts_api', jsonb_build_array(
  '{"email": "a@x.co", "full_name": "Ana"}'::jsonb, '7'::jsonb, '{"mobile": "3001112233", "full_name": {"first": "Beto"}}'::jsonb,
  '{"full_name": "Nobody"}'::jsonb, '{"identities": [{"kind": "phone", "value": "300 111 2233"}], "full_name": "Beto"}'::jsonb,
  '{"mobile": "+57 3001112233", "city": "Cali"}'::jsonb));
select is((select array_agg(a.ordinal order by a.ordinal) from pg_temp.answer a), '{1,2,3,4,5,6}', 'one row per contact');
select is((select array_agg(a.outcome order by a.ordinal) from pg_temp.answer a), '{created,ignored,ignored,ignored,created,updated}', 'what became of each');
select is((select array_agg(a.error ->> 'path' order by a.ordinal) from pg_temp.answer a), array[null, '$', '$.full_name', null, null, null], 'a bad one says where');
select is((select array_agg(a.contact_id is not null order by a.ordinal) from pg_temp.answer a), '{t,f,f,f,t,t}', 'and has no contact');
select is((select count(distinct a.contact_id)::int from pg_temp.answer a), 2, 'two of them are one person');
select is((select array_agg(distinct a.sync_source) from pg_temp.answer a where a.contact_id is not null), '{contacts_api}', 'as they are afterwards');
select results_eq($$ select c.full_name, c.city, c.version from tests.contact('phone:+573001112233') c $$, $$ values ('Beto', 'Cali', 1::bigint) $$,
  'what one call says of a person is written once');

-- What only the tables find.
select tests.fail_writes('contacts', $$ new.full_name = 'Refused' $$, '22023');
create table pg_temp.again as
select * from crm.bulk_upsert_contacts(tests.workspace_id(), 'chat_embedded', '[{"email": "b@x.co"}, {"email": "c@x.co", "full_name": "Refused"}, {"email": "d@x.co"}]');
select is((select array_agg(coalesce(a.error ->> 'code', a.outcome) order by a.ordinal) from pg_temp.again a), '{created,refused_by_database,created}', 'is isolated too');
select is(tests.count_of('contacts'), 4, 'and the others are in');
select is((select count(*)::int from crm.contact_identities i where i.value = 'c@x.co'), 0, 'nothing of the refused one stays');

select tests.throws_code($$ select * from crm.bulk_upsert_contacts(tests.workspace_id(), 'contacts_api', (select jsonb_agg('{}'::jsonb) from generate_series(1, 501))) $$,
  'PT400', 'invalid_input', 'at most 500 a call');

select * from finish();
rollback;
