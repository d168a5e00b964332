-- A record that names two full contacts and nothing new made another contact each time it came.
begin;
select plan(3);

select tests.create_acme();
create function pg_temp.record(p_id text, p_identification text, p_at numeric) returns jsonb language sql as $$
  select tests.upsert('contacts_api', jsonb_build_object('full_name', 'Name of ' || p_id, 'source_updated_at', tests.moment(p_at), 'identities',
    jsonb_build_array(jsonb_build_object('kind', 'b2chat_id', 'scope', 'contacts:m', 'value', p_id),
      jsonb_build_object('kind', 'identification', 'value', p_identification))))
$$;
select pg_temp.record('K1', 'I1', 1);
select pg_temp.record('K2', 'I2', 1);

select is(pg_temp.record('K1', 'I2', 2) ->> 'contact_id', (tests.contact('b2chat_id:K1')).id::text, 'the strongest identity decides');
select tests.writes_nothing($$ select pg_temp.record('K1', 'I2', 2) $$, 'I10: again, it writes nothing');
select is(tests.count_of('contacts'), 2, 'I1: and nobody is created');

select * from finish();
rollback;
