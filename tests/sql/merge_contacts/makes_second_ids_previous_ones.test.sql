-- I5: a decision may join people who hold different ids of a kind that a person has one of. One of the two stays current.
begin;
select plan(9);

select tests.create_acme();
select tests.upsert('contacts_api', tests.person('{b2chat_id@contacts:1:A,identification:CC1,email:a@x.co}'));
select tests.upsert('contacts_api', tests.person('{b2chat_id@contacts:1:B,identification:CC2,email:b@x.co}'));
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
create temporary table merge as select tests.merge('b2chat_id:A', 'b2chat_id:B') as id;

select results_eq($$ select (i.kind || ':' || i.value) collate "C", i.is_previous from crm.contact_identities i where i.contact_id = (tests.contact('b2chat_id:A')).id order by 1 $$,
  $$ values ('b2chat_id:A' collate "C", false), ('b2chat_id:B', true), ('email:a@x.co', false), ('email:b@x.co', false), ('identification:CC1', true), ('identification:CC2', false) $$,
  'I5: the survivor''s id is current, the duplicate''s a previous one; of identifications the newest is, or else the greater; of other kinds there may be several');
select is((tests.contact('b2chat_id:A')).identification, 'CC2', 'the contact shows the current one');
select is(tests.upsert('contacts_api', tests.person('{b2chat_id@contacts:1:B}', '{"city": "Cali", "source_updated_at": "2025-02-01T00:00:00Z"}')) ->> 'contact_id',
  (tests.contact('b2chat_id:A')).id::text, 'I5: the API''s record of either id is this person''s');
select is(tests.upsert('contacts_api', tests.person('{b2chat_id@contacts:1:C,email:a@x.co}')) ->> 'outcome', 'created', 'I5: a record with yet another id is somebody else');

-- Only what was in the way becomes previous.
select tests.merge('b2chat_id:A', 'psid:P1');
select ok(not i.is_previous, 'an id of a kind the survivor has none of stays current') from crm.contact_identities i where i.workspace_id = tests.workspace_id() and i.value = 'P1';
select crm.unmerge_contacts(m.id) from merge m;
select results_eq($$ select i.value, i.is_previous, i.contact_id = (tests.contact('email:b@x.co')).id from crm.contact_identities i
  where i.workspace_id = tests.workspace_id() and i.value in ('B', 'CC1', 'CC2') order by 1 $$, $$ values ('B' collate "C", false, true), ('CC1', false, false), ('CC2', false, true) $$, 'I6: undone, all are current again');
select is((tests.contact('email:b@x.co')).identification, 'CC2', 'I6: and shown');
select is((tests.contact('email:a@x.co')).identification, 'CC1', 'I6: as the survivor''s is');
select is((tests.contact('psid:P1')).id, (tests.contact('email:a@x.co')).id, 'I6: the other merge stands');

select * from finish();
rollback;
