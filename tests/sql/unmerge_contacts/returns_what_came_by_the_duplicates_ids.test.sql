-- I6: what a delivery that named only the duplicate wrote to the survivor goes back with it, and stays the survivor's where it named both.
begin;
select plan(32);

select tests.create_acme();
create function pg_temp.told(p_identities text[], p_at numeric, p_fields jsonb, p_source text default 'contacts_api') returns text language sql as $$
  select tests.upsert(p_source, tests.person(p_identities, p_fields || jsonb_build_object('source_updated_at', tests.ms(p_at)))) ->> 'outcome'
$$;
create function pg_temp.fields(p_contact crm.contacts) returns text language sql as $$
  select concat_ws(' ', p_contact.full_name, p_contact.city, p_contact.company, p_contact.address, p_contact.custom_attributes ->> 'size')
$$;

select pg_temp.told('{b2chat_id@contacts:1:S,email:s@x.co}', 1, '{"full_name": "Sol", "city": "Cali"}');
select pg_temp.told('{b2chat_id@contacts:2:D,email:d@x.co}', 2, '{"full_name": "Dora", "company": "Acme", "custom_attributes": {"size": 1}}');
create temporary table ids as select (tests.contact('b2chat_id:S')).id as s, (tests.contact('b2chat_id:D')).id as d, null::uuid as e;
create temporary table merge as select tests.merge('b2chat_id:S', 'b2chat_id:D') as id;
select is(pg_temp.fields(tests.contact('b2chat_id:S')), 'Dora Cali Acme 1', 'the newer values count');

-- By the duplicate's id alone, with an id more; by both; by the survivor's.
select is(pg_temp.told('{b2chat_id@contacts:2:D,phone:+573001112233}', 5, '{"full_name": "Dora Diaz", "city": "Duitama", "custom_attributes": {"size": 2}}'), 'updated', 'a record of the duplicate');
select tests.writes_nothing($$ select pg_temp.told('{b2chat_id@contacts:2:D,phone:+573001112233}', 5, '{"full_name": "Dora Diaz", "city": "Duitama", "custom_attributes": {"size": 2}}') $$, 'I10: again, it writes nothing');
select pg_temp.told('{email:s@x.co,email:d@x.co}', 6, '{"address": "Calle 1"}', 'chat_embedded');
select pg_temp.told('{b2chat_id@contacts:1:S,phone:+573001119999}', 7, '{"company": "Sun"}');
select pg_temp.told('{email:d@x.co}', 8, '{"company": "Chat"}', 'chat_embedded');
select is(pg_temp.fields(tests.contact('b2chat_id:S')), 'Dora Diaz Duitama Sun Calle 1 2', 'all of it is the survivor''s while the merge stands');
select is((tests.contact('phone:+573001112233')).id, i.s, 'and so is the id that came with it') from ids i;
select is(c.merged_into_id, i.s, 'the duplicate stays merged away') from ids i join crm.contacts c on c.id = i.d;

create temporary table together as select to_jsonb(c) as row from ids i join crm.contacts c on c.id = i.s;
select crm.unmerge_contacts(m.id) from merge m;
select is(pg_temp.fields(c), 'Sol Cali Sun Calle 1', 'I6: the survivor has what it had, what its own records wrote, and what was said of both') from ids i join crm.contacts c on c.id = i.s;
select is(pg_temp.fields(c), 'Dora Diaz Duitama Acme 2', 'I6: the duplicate has what its own record wrote since') from ids i join crm.contacts c on c.id = i.d;
select is(c.field_sources -> 'city', t.row #> '{field_sources,city}', 'I23: with where it came from') from ids i join crm.contacts c on c.id = i.d cross join together t;
select is((select array_agg(k) from jsonb_object_keys(c.field_sources) k where k like 'custom%'), null, 'I23: of which nothing stays behind') from ids i join crm.contacts c on c.id = i.s;
select is((tests.contact('phone:+573001112233')).id, i.d, 'I6: an id that came with the duplicate''s record goes back too') from ids i;
select is((tests.contact('phone:+573001119999')).id, i.s, 'I6: one that came with the survivor''s stays') from ids i;
select tests.writes_nothing($$ select pg_temp.told('{b2chat_id@contacts:2:D,phone:+573001112233}', 5, '{"full_name": "Dora Diaz", "city": "Duitama", "custom_attributes": {"size": 2}}') $$, 'I10: the duplicate knows its record');
select pg_temp.told('{b2chat_id@contacts:2:D}', 4, '{"city": "Late"}');
select is(pg_temp.fields(c), 'Dora Diaz Duitama Acme 2', 'I3: by the times of its own') from ids i join crm.contacts c on c.id = i.d;

-- Of a chain, each has back what came by its own ids; so has one of several.
select pg_temp.told('{b2chat_id@contacts:3:E}', 9, '{"full_name": "Eva"}');
update ids set e = (tests.contact('b2chat_id:E')).id;
create temporary table chain as select tests.merge('b2chat_id:D', 'b2chat_id:E') as first, null::uuid as second;
update chain set second = tests.merge('b2chat_id:S', 'b2chat_id:D');
select pg_temp.told('{b2chat_id@contacts:3:E,identification:777}', 20, '{"city": "Envigado"}');
select pg_temp.told('{b2chat_id@contacts:2:D,identification:555}', 21, '{"address": "Calle 2"}');
select is(row(c.full_name, c.city, c.address, c.identification)::text, '(Eva,Envigado,"Calle 2",555)', 'of three who are one') from tests.contact('b2chat_id:S') c;
select crm.unmerge_contacts(c.second) from chain c;
select is(row(c.full_name, c.city, c.address, c.identification)::text, '(Sol,Cali,"Calle 1",)', 'I6: the survivor is who it was') from tests.contact('b2chat_id:S') c;
select is(row(c.full_name, c.city, c.address, c.identification)::text, '(Eva,Envigado,"Calle 2",555)', 'I6: what came by the duplicate''s and by those it took in is its own') from tests.contact('b2chat_id:D') c;
select crm.unmerge_contacts(c.first) from chain c;
select is(row(c.full_name, c.city, c.address, c.identification)::text, '("Dora Diaz",Duitama,"Calle 2",555)', 'I6: then each is alone again') from tests.contact('b2chat_id:D') c;
select is(row(c.full_name, c.city, c.address, c.identification)::text, '(Eva,Envigado,,777)', 'I6: with what is its own') from tests.contact('b2chat_id:E') c;
create temporary table several as select tests.merge('b2chat_id:S', 'b2chat_id:D') as first, tests.merge('b2chat_id:S', 'b2chat_id:E') as second;
select pg_temp.told('{b2chat_id@contacts:2:D}', 30, '{"city": "Dos"}');
select pg_temp.told('{b2chat_id@contacts:3:E}', 31, '{"company": "Eve"}');
select pg_temp.told('{b2chat_id@contacts:2:D,b2chat_id@contacts:3:E}', 32, '{"address": "Calle 3"}');
select crm.unmerge_contacts(s.first) from several s;
select is(row(c.full_name, c.city, c.company, c.address)::text, '(Eva,Envigado,Eve,"Calle 3")', 'I6: of several, one goes') from tests.contact('b2chat_id:S') c;
select is(row(c.full_name, c.city, c.company, c.address)::text, '("Dora Diaz",Dos,Acme,"Calle 2")', 'I6: with what is its own') from tests.contact('b2chat_id:D') c;
select crm.unmerge_contacts(s.second) from several s;
select is(row(c.full_name, c.city, c.company, c.address)::text, '(Sol,Cali,Sun,"Calle 3")', 'I6: and the other') from tests.contact('b2chat_id:S') c;
select is(row(c.full_name, c.city, c.company, c.address)::text, '(Eva,Envigado,Eve,)', 'I6: with what is its own, but what was said of two stays') from tests.contact('b2chat_id:E') c;

-- What loses against the survivor's is written nowhere, alone or beside something else in a call.
select pg_temp.told('{psid@one:X,identification:888}', 1, '{"city": "Uno"}', 'chat_embedded'), pg_temp.told('{psid@one:Y}', 1, '{}', 'chat_embedded');
select tests.merge('psid:Y', 'psid:X');
select pg_temp.told('{psid@one:Y,identification:888}', 9, '{"city": "Nueve"}', 'chat_embedded');
create function pg_temp.late() returns jsonb language sql as $$
  select tests.person('{identification:888}', jsonb_build_object('city', 'Cinco', 'source_updated_at', tests.ms(5)))
$$;
create function pg_temp.changed() returns jsonb language sql as $$
  select tests.person('{psid@one:Z}') || jsonb_build_object('previous_identities', tests.identities('{psid@one:ZZ}'))
$$;
select tests.upsert('chat_embedded', pg_temp.changed());
select tests.writes_nothing($$ select tests.upsert('chat_embedded', pg_temp.late()) $$, 'a word that comes too late writes nothing');
select tests.writes_nothing($$ select crm.bulk_upsert_contacts(tests.workspace_id(), 'chat_embedded', jsonb_build_array(pg_temp.late(), pg_temp.changed())) $$,
  'I10: neither beside an id that changed');

-- Stubs: the API spoke of the duplicate only. By every way in: a page, and the fast path of a known person.
select tests.deliver(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana"}'), tests.said('m1', 1)));
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112244}', '{"full_name": "Bea"}'), tests.said('w1', 2)));
create temporary table stubs as select tests.merge('psid:P1', 'wa_id:573001112244') as id;
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112244}', '{"full_name": "Bea B"}'), tests.said('w2', 3)));
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112244}', '{"full_name": "Bea B"}'), tests.said('w3', 4)));
select is((tests.contact('psid:P1')).full_name, 'Bea B', 'messages of the duplicate write the survivor''s name');
select pg_temp.told('{wa_id:573001112244}', 5, '{"city": "Bello"}');
select is((tests.contact('psid:P1')).sync_source, 'upgraded', 'a record of the duplicate makes the survivor full');
select crm.unmerge_contacts(s.id) from stubs s;
select is(row(c.full_name, c.city, c.sync_source)::text, '(Ana,,chat_embedded)', 'I6: the survivor is the stub it was') from tests.contact('psid:P1') c;
select is(row(c.full_name, c.city, c.sync_source)::text, '("Bea B",Bello,upgraded)', 'I6: the duplicate is who the API told us about') from tests.contact('wa_id:573001112244') c;
select is(c.field_sources #>> '{full_name,delivery}', 'whatsapp:pgtap-number:message:w3', 'I23: and its name came with the last message') from tests.contact('wa_id:573001112244') c;

-- Merged again, with what is known by now.
select tests.merge('psid:P1', 'wa_id:573001112244');
select is(row(c.full_name, c.city, c.sync_source)::text, '("Bea B",Bello,upgraded)', 'merged again, all of it counts') from tests.contact('psid:P1') c;
select tests.writes_nothing($$ select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112244}', '{"full_name": "Bea B"}'), tests.said('w3', 4))) $$, 'I10: a replay of a message writes nothing');

select * from finish();
rollback;
