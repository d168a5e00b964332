-- A delivery about one person calls an id previous that another person has: what that contact shows follows.
begin;
select plan(2);

select tests.create_acme();
select tests.upsert('contacts_api', '{"identification": "7", "full_name": "Ana"}'), tests.upsert('contacts_api', '{"email": "b@x.co", "full_name": "Beto"}');
create table pg_temp.ana as select c.id from crm.contacts c where c.full_name = 'Ana';
select tests.upsert('chat_embedded', '{"email": "b@x.co", "previous_identities": [{"kind": "identification", "value": "7"}]}');
select is((select i.is_previous from crm.contact_identities i where i.kind = 'identification'), true, 'the id is a previous one');
select is((select c.identification from crm.contacts c join pg_temp.ana using (id)), null, 'and no contact shows it as current');

select * from finish();
rollback;
