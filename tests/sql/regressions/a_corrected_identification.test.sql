-- A record whose identification was corrected, or a chat in which somebody gave another one, made a second contact of a known person.
begin;
select plan(8);

select tests.create_acme();
create function pg_temp.told(p_source text, p_id text, p_identification text, p_at numeric, p_city text) returns jsonb language sql as $$
  select tests.upsert(p_source, tests.person(array[p_id, 'identification:' || p_identification],
    jsonb_build_object('city', p_city, 'source_updated_at', tests.ms(p_at))))
$$;
create function pg_temp.current_of(p_identity text) returns bigint language sql as $$
  select count(*) from crm.contact_identities i
  where i.contact_id = (tests.contact(p_identity)).id and i.kind = 'identification' and not i.is_previous
$$;

select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:7', '111', 1, 'Cali');
select is(pg_temp.told('contacts_api', 'b2chat_id@contacts:m:7', '222', 2, 'Tunja') ->> 'contact_id', (tests.contact('b2chat_id:7')).id::text,
  'the record''s own id is stronger than its identification: it is the same person');
select is((tests.contact('b2chat_id:7')).city, 'Tunja', 'who gets what the record says');
select is(tests.count_of('contacts'), 1, 'and nobody else is made');
select is(pg_temp.current_of('b2chat_id:7'), 1::bigint, 'a person still has one identification');
select tests.writes_nothing($$ select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:7', '222', 2, 'Tunja') $$, 'I10: again, it writes nothing');

select pg_temp.told('chat_embedded', 'psid@one:P1', '333', 1, 'Cali');
select is(pg_temp.told('chat_embedded', 'psid@one:P1', '444', 2, 'Tunja') ->> 'contact_id', (tests.contact('psid:P1')).id::text,
  'so it is with a chat');
select is(tests.count_of('contacts'), 2, 'two people in all');
select is(pg_temp.current_of('psid:P1'), 1::bigint, 'each of them with one identification');

select * from finish();
rollback;
