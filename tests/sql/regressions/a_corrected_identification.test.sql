-- A record whose identification was corrected, or a chat in which somebody gave another one, made a second contact of a known person;
-- then the greater of the two texts counted as current, whichever the source had said last.
begin;
select plan(31);

select tests.create_acme();
create function pg_temp.told(p_source text, p_id text, p_identification text, p_at numeric, p_city text) returns jsonb language sql as $$
  select tests.upsert(p_source, tests.person(array[p_id, 'identification:' || p_identification],
    jsonb_build_object('city', p_city, 'source_updated_at', tests.ms(p_at))))
$$;
create function pg_temp.current_of(p_identity text) returns bigint language sql as $$
  select count(*) from crm.contact_identities i
  where i.contact_id = (tests.contact(p_identity)).id and i.kind = 'identification' and not i.is_previous
$$;
-- The current identification as its contact shows it, and the identity that is marked as it.
create function pg_temp.shown(p_identity text) returns text language sql as $$
  select c.identification || ' ' || (
    select string_agg(i.value, ',' order by i.value) from crm.contact_identities i
    where i.contact_id = c.id and i.kind = 'identification' and not i.is_previous)
  from tests.contact(p_identity) c
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

-- Which of them is current: the newest by the source's time.
select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:8', '999', 1, 'Cali');
select is(pg_temp.told('contacts_api', 'b2chat_id@contacts:m:8', '100', 2, 'Cali') ->> 'outcome', 'updated', 'a correction is news');
select is(pg_temp.shown('b2chat_id:8'), '100 100', 'I3: the corrected one counts, also where its text is less');
select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:8', '999', 1.5, 'Cali');
select is(pg_temp.shown('b2chat_id:8'), '100 100', 'I3: an older record of the other comes late, and changes nothing');
select is(pg_temp.told('contacts_api', 'b2chat_id@contacts:m:8', '999', 3, 'Cali') ->> 'outcome', 'updated', 'who corrects it back');
select is(pg_temp.shown('b2chat_id:8'), '999 999', 'I3: has the first one again');
select tests.writes_nothing($$ select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:8', '100', 2, 'Cali') $$, 'I10: a replay of either writes nothing');
select pg_temp.told('chat_embedded', 'b2chat_id@contacts:m:8', '555', 9, 'Cali');
select is(pg_temp.shown('b2chat_id:8'), '999 999', 'I3: no chat''s word counts beside the API''s, however new it is');
select is((tests.contact('identification:555')).id, (tests.contact('b2chat_id:8')).id, 'each of them finds the person');
select tests.upsert('chat_embedded', tests.person('{identification:555}', jsonb_build_object('source_updated_at', tests.ms(99))));
select is(pg_temp.shown('b2chat_id:8'), '999 999', 'I3: nor when it is all that a chat names');
select tests.upsert('contacts_api', tests.person('{b2chat_id@contacts:m:8,identification:100}', jsonb_build_object('previous_identities', tests.identities('{identification:999}'), 'source_updated_at', tests.ms(2))));
select is(pg_temp.shown('b2chat_id:8'), '100 100', 'one that a delivery calls previous is out, and the next newest counts');
select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:8', '999', 20, 'Cali');
select is(pg_temp.shown('b2chat_id:8'), '100 100', 'for good');

select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{b2chat_id@contacts:m:9,identification:C}', jsonb_build_object('full_name', 'Ana', 'source_updated_at', tests.ms(1)))),
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{b2chat_id@contacts:m:9,identification:A}', jsonb_build_object('source_updated_at', tests.ms(2)))),
  jsonb_build_object('source', 'contacts_api', 'contact', tests.person('{b2chat_id@contacts:m:9}', jsonb_build_object('full_name', 'Ana R', 'source_updated_at', tests.ms(3)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{b2chat_id@contacts:m:9,identification:B}', jsonb_build_object('source_updated_at', tests.ms(4))))
], $$ pg_temp.shown('b2chat_id:9') = 'A A' $$, 'I2, I3: the API''s newest, in whatever order they come');
select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{psid@one:P9,identification:A}', jsonb_build_object('source_updated_at', tests.ms(1)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{psid@one:P9,identification:B}', jsonb_build_object('source_updated_at', tests.ms(3)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{psid@one:P9,identification:A}', jsonb_build_object('source_updated_at', tests.ms(3)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{psid@one:P9,identification:C}'))
], $$ pg_temp.shown('psid:P9') = 'B B' $$, 'I2, I3: of two of one time the greater, and before them what has no time');
select tests.same_in_every_order('pgtap-page', array[
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{psid@one:P9,identification:A}', jsonb_build_object('source_updated_at', tests.ms(1)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{psid@one:P9,identification:B}', jsonb_build_object('source_updated_at', tests.ms(2)))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{psid@one:P9,identification:C}', jsonb_build_object('source_updated_at', tests.ms(0),
    'previous_identities', tests.identities('{identification:B}'))))
], $$ pg_temp.shown('psid:P9') = 'A A' $$, 'I2: what was called previous is out, whenever that is said');

-- In one call, and after a merge and its undo.
select is((select jsonb_agg(r.outcome order by r.ordinal) from crm.bulk_upsert_contacts(tests.workspace_id(), 'contacts_api', jsonb_build_array(
    tests.person('{b2chat_id@contacts:m:10,identification:888}', jsonb_build_object('source_updated_at', tests.ms(1))),
    tests.person('{b2chat_id@contacts:m:10,identification:222000}', jsonb_build_object('source_updated_at', tests.ms(2))))) r), '["created", "updated"]', 'two versions of a record in one call');
select is(pg_temp.shown('b2chat_id:10'), '222000 222000', 'I3: the newer of them counts');
select pg_temp.told('contacts_api', 'b2chat_id@contacts:n:11', '700', 5, 'Cali');
create temporary table merge as select tests.merge('b2chat_id:10', 'b2chat_id:11') as id;
select is(pg_temp.shown('b2chat_id:10'), '700 700', 'I3: of two people that are one, the newer');
select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:10', '888', 6, 'Cali');
select is(pg_temp.shown('b2chat_id:10'), '888 888', 'I3: until one of them is said again');
select crm.unmerge_contacts(m.id) from merge m;
select is(pg_temp.shown('b2chat_id:10'), '888 888', 'I6: parted, each has its own');
select is(pg_temp.shown('b2chat_id:11'), '700 700', 'I6: and the other too');
select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:10', '222000', 5.5, 'Cali');
select is(pg_temp.shown('b2chat_id:10'), '888 888', 'I6: with the times it was said at');
select pg_temp.told('contacts_api', 'b2chat_id@contacts:m:10', '222000', 7, 'Cali');
select is(pg_temp.shown('b2chat_id:10'), '222000 222000', 'I3: from which it goes on');
select is((tests.contact('b2chat_id:10')).field_sources ? 'identification.700', false, 'I6: and nothing is left of the other''s');

select * from finish();
rollback;
