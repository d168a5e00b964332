-- A source whose clock is years ahead must not win over everything to come.
begin;
select plan(6);

select tests.create_acme();
select tests.create_merchant();
select tests.land('contacts', tests.b2chat_contact(1, '{"updated": "2099-01-01 00:00:00", "fullname": "Wrong", "email": "a@x.co"}'));
select tests.transform('contacts');
select tests.land('contacts', tests.b2chat_contact(1, '{"updated": "2026-01-01 00:00:00", "fullname": "Right", "email": "a@x.co"}'));
select tests.transform('contacts');
select is((tests.contact('email:a@x.co')).full_name, 'Right', 'I3: a record of B2Chat''s with a time that is none yet is followed by the next one');
select tests.throws_code(format($$ select tests.upsert('contacts_api', '{"email": "a@x.co", "source_updated_at": %s}') $$, t.at), 'PT400', 'invalid_input', t.name)
from (values ('"2099-01-01T00:00:00Z"', 'I3: nor is a contact taken with a time to come'), ('"1999-01-01T00:00:00Z"', 'I3: or of before there was any of this')) t (at, name);
select is((tests.ingest('pgtap-page', '{"thread_id": "t1", "updated_at": "2099-01-01T00:00:00Z", "participant": {"identities": [{"kind": "psid", "value": "P1"}]}}')) #>> '{0,error,path}',
  '$.updated_at', 'I15: a delivery with such a time is a dead letter');
select tests.land('chats', tests.b2chat_chat('c1', '{"id": 1}', '{"status": "CLOSED", "closed_at": "2099-01-02 00:00:00"}'));
select is((select t.processed from crm.transform_raw_chats() t), 1, 'a chat that was closed in the future');
select is((select v.status from tests.conversation('c1') v), 'open', 'is not closed for good');

select * from finish();
rollback;
