-- I4, I6: what is full is never a stub again by being merged.
begin;
select plan(7);

select tests.create_acme();
select tests.deliver(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana"}'), tests.said('m1', 1)));
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', '{"full_name": "Ana María", "source_updated_at": "2024-01-01T00:00:00Z"}'));
create temporary table merge as select tests.merge('psid:P1', 'email:a@x.co') as id;
select is(row(c.sync_source, c.needs_full_sync, c.full_name)::text, '(upgraded,f,"Ana María")', 'I4: the stub is full, and the API''s value counts') from tests.contact('psid:P1') c;
select is(c.source_updated_at, '2024-01-01T00:00:00Z', 'as of its time') from tests.contact('psid:P1') c;
select crm.unmerge_contacts(m.id) from merge m;
select is(row(c.sync_source, c.needs_full_sync, c.full_name)::text, '(chat_embedded,t,Ana)', 'I6: undone, it is a stub again') from tests.contact('psid:P1') c;

-- Unless the API has spoken of it meanwhile.
update merge set id = tests.merge('psid:P1', 'email:a@x.co');
select tests.upsert('contacts_api', tests.person('{psid@pgtap-page:P1}', '{"city": "Cali", "source_updated_at": "2025-01-01T00:00:00Z"}'));
select crm.unmerge_contacts(m.id) from merge m;
select is(row(c.sync_source, c.needs_full_sync, c.full_name, c.city)::text, '(upgraded,f,Ana,Cali)', 'I4: upgraded meanwhile, it stays full') from tests.contact('psid:P1') c;

-- A value without a known source is the contact's own source's, also where it goes with a merge.
select tests.upsert('chat_embedded', tests.person('{email:old@x.co}')), tests.upsert('contacts_api', tests.person('{email:new@x.co}'));
update crm.contacts c set company = 'Old', field_sources = '{}' where c.id = (tests.contact('email:old@x.co')).id;
update merge set id = tests.merge('email:new@x.co', 'email:old@x.co');
select is(c.field_sources -> 'company', '{"at": null, "source": "chat_embedded", "delivery": null}', 'I23: a chat''s word stays a chat''s') from tests.contact('email:new@x.co') c;
select tests.upsert('chat_embedded', tests.person('{email:new@x.co}', '{"company": "Newer", "source_updated_at": "2025-01-01T00:00:00Z"}'));
select is((tests.contact('email:new@x.co')).company, 'Newer', 'I3: which a newer chat outdoes');
select crm.unmerge_contacts(m.id) from merge m;
select is((tests.contact('email:new@x.co')).company, 'Newer', 'I6: for good');

select * from finish();
rollback;
