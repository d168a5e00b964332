-- I1: previous_identities say that a person's id changed.
begin;
select plan(7);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{bsuid@W:CO.OLD}', '{"full_name": "Ana"}'));
create temporary table ana as select (tests.contact('bsuid:CO.OLD')).id as id;
select is(tests.upsert('chat_embedded', tests.person('{bsuid@W:CO.NEW}', jsonb_build_object('previous_identities', tests.identities('{bsuid@W:CO.OLD}')))) ->> 'contact_id',
  a.id::text, 'the new id is the old id''s contact''s') from ana a;
select is((tests.upsert('chat_embedded', tests.person('{bsuid@W:CO.NEW}')) ->> 'contact_id')::uuid, a.id, 'and stays so without the old one') from ana a;
select is((tests.contact('bsuid:CO.OLD')).id, a.id, 'the old id still leads there') from ana a;

select is(tests.upsert('chat_embedded', tests.person('{wa_id:2}', jsonb_build_object('previous_identities', tests.identities('{wa_id:1}')))) ->> 'outcome', 'created', 'a change of an id nobody knew');
select is((tests.contact('wa_id:1')).id, (tests.contact('wa_id:2')).id, 'is recorded for when the old one turns up late');
select is((tests.contact('wa_id:1')).wa_id, '2', 'the field has the new one');

select tests.upsert('chat_embedded', tests.person('{wa_id:9}', '{"full_name": "Bea"}')),
  tests.upsert('chat_embedded', tests.person('{wa_id:8}', jsonb_build_object('previous_identities', tests.identities('{wa_id:9}'))));
select is((tests.contact('wa_id:9')).wa_id, '8', 'a change of an id that is a field changes the field, though the old id is the greater one');

select * from finish();
rollback;
