-- I1: a statement trigger on contact_identities is told of every identity when it is claimed, once, whatever way it came.
begin;
select plan(16);

select tests.create_acme();
select tests.create_merchant('{"shared_contact_ids": true}');
select tests.add_deals();
create temporary table all_told (name text);
create function pg_temp.told() returns text[] language plpgsql as $$
declare
  v_names text[] := tests.told_since('identity');
begin
  insert into all_told select n from unnest(v_names) n;
  return v_names;
end $$;

select tests.upsert('contacts_api', tests.person('{email:a@x.co}', '{"mobile": "+573001110001"}'));
select is(pg_temp.told(), '{email:a@x.co,phone:+573001110001}', 'a new contact');
select tests.upsert('contacts_api', tests.person('{email:a@x.co,identification:CC1}'));
select is(pg_temp.told(), '{identification:CC1}', 'a further one of somebody known is attached');
select crm.bulk_upsert_contacts(tests.workspace_id(), 'contacts_api',
  '[{"email": "b@x.co"}, {"email": "c@x.co", "phone": "+573001110003"}, {"email": "a@x.co", "phone": "+573001110002"}]');
select is(pg_temp.told(), '{email:b@x.co,email:c@x.co,phone:+573001110002,phone:+573001110003}', 'a page of contacts');
select crm.bulk_upsert_contacts(tests.workspace_id(), 'contacts_api', '[{"email": "d@x.co"}, {"email": "d@x.co", "phone": "+573001110004"}]');
select is(pg_temp.told(), '{email:d@x.co,phone:+573001110004}', 'one person twice in a page');

select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
select is(pg_temp.told(), '{psid:P1}', 'somebody who writes');
select tests.deliver(tests.chat('P1', tests.said('m2', 2)));
select is(pg_temp.told(), '{}', 'a further message of them, on the fast path');
select tests.deliver(tests.item(tests.person('{psid:P1,email:p@x.co}'), tests.said('m3', 3)), tests.chat('P2', tests.said('m4', 4)), tests.chat('P3'));
select is(pg_temp.told(), '{email:p@x.co,psid:P2,psid:P3}', 'a page of messages');
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}', '{"full_name": "Ana"}'), tests.said('w1', 1)));
select is(pg_temp.told(), '{phone:+573001112233,wa_id:573001112233}', 'a WhatsApp number, which is a phone too');

-- Two stubs that are merged: what they have moves, and was told already.
select tests.upsert('chat_embedded', tests.person('{email:s@x.co}')), tests.upsert('chat_embedded', tests.person('{phone:+573001119999}'));
select is(pg_temp.told(), '{email:s@x.co,phone:+573001119999}', 'two stubs');
select tests.upsert('chat_embedded', tests.person('{email:s@x.co,phone:+573001119999,identification:CC9}'));
select is(pg_temp.told(), '{identification:CC9}', 'of the delivery that merges them, what is new');
select crm.unmerge_contacts(m.id) from crm.contact_merges m where m.workspace_id = tests.workspace_id();
select is(pg_temp.told(), '{}', 'an undo attaches nothing');

select tests.land('contacts', tests.b2chat_contact(7, '{"email": "b7@x.co"}'));
select tests.transform('contacts');
select is(pg_temp.told(), '{b2chat_id:7,email:b7@x.co}', 'a record of an export');

update crm.contacts c set mobile = '+573001118888' where c.id = (tests.contact('email:b@x.co')).id;
select crm.backfill_phones(tests.workspace_id(), false);
select is(pg_temp.told(), '{phone:+573001118888}', 'backfill_phones');

select crm.bulk_upsert_contacts(tests.workspace_id(), 'contacts_api', '[{"email": "b@x.co"}, {"email": "c@x.co", "phone": "+573001110003"}]'),
  tests.deliver(tests.item(tests.person('{psid:P1,email:p@x.co}'), tests.said('m3', 3)));
select is(pg_temp.told(), '{}', 'I10: and nothing is told again');

select tests.upsert('contacts_api', tests.person('{identification:CC1}', '{"phone": "+573001117777"}'));
select is(pg_temp.told(), '{phone:+573001117777}', 'a field that names the person too');
select is((select array_agg(a.name order by a.name collate "C") from all_told a), (
  select array_agg(i.kind || ':' || i.value order by i.kind || ':' || i.value collate "C")::text[] from crm.contact_identities i where i.workspace_id = tests.workspace_id()
), 'I1: in all, that is every identity there is, each once');

select * from finish();
rollback;
