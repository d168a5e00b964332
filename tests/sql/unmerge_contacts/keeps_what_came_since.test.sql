-- I6: undoing a merge takes nothing from what came after it.
begin;
select plan(19);

select tests.create_acme();
select tests.deliver(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana", "city": "Cali"}'), tests.said('m1', 1)));
select tests.upsert('chat_embedded', tests.person('{email:b@x.co}', jsonb_build_object('full_name', 'Beatriz', 'company', 'Acme', 'address', 'Calle 1',
  'custom_attributes', '{"size": 3}'::jsonb, 'source_updated_at', tests.moment(2))));
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233,email:b@x.co}'), tests.said('w1', 2)));
create temporary table ids as
select (tests.contact('psid:P1')).id as survivor, (tests.contact('email:b@x.co')).id as duplicate, (tests.conversation('wa_id:573001112233')).id as moved;
create temporary table merge as select tests.merge('psid:P1', 'email:b@x.co') as id;
-- All of this is one transaction, so rows are of one time: the merge was before what follows, and after what is there.
update crm.contact_merges m set merged_at = m.merged_at - interval '1 hour' where m.workspace_id = tests.workspace_id();
update crm.contact_identities i set first_seen_at = i.first_seen_at - interval '2 hours' where i.workspace_id = tests.workspace_id();
select is(row(c.full_name, c.company, c.address)::text, '(Beatriz,Acme,"Calle 1")', 'the newer values count') from ids i join crm.contacts c on c.id = i.survivor;

-- A newer name; the same address once more, of both; the same company, of the duplicate alone; a message to the moved conversation; an id more; a page that the duplicate never wrote to.
select tests.deliver(tests.item(tests.person('{psid:P1,phone:+573157778899}', '{"full_name": "Ana Beatriz"}'), tests.said('m2', 9)));
select tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:P1,email:b@x.co}', jsonb_build_object('address', 'Calle 1', 'source_updated_at', tests.moment(10))));
select tests.upsert('chat_embedded', tests.person('{email:b@x.co}', jsonb_build_object('company', 'Acme', 'source_updated_at', tests.moment(10))));
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}'), tests.said('w2', 11)), tests.item(tests.person('{wa_id:573001112233,bsuid@W:B9}'), tests.said('w3', 12)));
select tests.ingest('pgtap-number', tests.item(tests.person('{bsuid@W:B9}'), tests.said('w4', 13)));
select crm.connect_channel(tests.workspace_id(), 'whatsapp', 'pgtap-second', 'Second');
select tests.ingest('pgtap-second', tests.item(tests.person('{wa_id:573001112233}'), tests.said('x1', 14), tests.status('x9', 'read', 15)));
select crm.unmerge_contacts(m.id) from merge m;

select is(c.full_name, 'Ana Beatriz', 'I6: a newer value stays') from ids i join crm.contacts c on c.id = i.survivor;
select is(c.field_sources #>> '{full_name,delivery}', 'messenger:pgtap-page:message:m2', 'I23: with where it came from') from ids i join crm.contacts c on c.id = i.survivor;
select is(c.address, 'Calle 1', 'I6: and so does a value that was said again of both') from ids i join crm.contacts c on c.id = i.survivor;
select is(c.company, null, 'I6: what only the merge gave is taken back, also when the duplicate''s own ids said it again') from ids i join crm.contacts c on c.id = i.survivor;
select ok(not c.field_sources ? 'company', 'I23: with its source') from ids i join crm.contacts c on c.id = i.survivor;
select is(row(c.custom_attributes, c.field_sources ? 'custom_attributes.size')::text, row('{}'::jsonb, false)::text, 'I6: attributes too') from ids i join crm.contacts c on c.id = i.survivor;
select is(c.city, 'Cali', 'I6: what the survivor had stays') from ids i join crm.contacts c on c.id = i.survivor;
select is(row(c.full_name, c.company, c.address)::text, '(Beatriz,Acme,"Calle 1")', 'I6: the duplicate has what it had') from ids i join crm.contacts c on c.id = i.duplicate;
select is((tests.contact('phone:+573157778899')).id, i.survivor, 'I6: an identity that came since stays with the survivor') from ids i;

select is((select v.contact_id from crm.conversations v where v.id = i.moved), i.duplicate, 'I6: the conversation that moved goes back') from ids i;
select set_eq(format('select m.provider_message_id from crm.messages m where m.conversation_id = %L', i.moved), array['w1', 'w2', 'w3', 'w4'], 'I6: with what was written since') from ids i;
select is((select v.contact_id from crm.conversations v where v.id = (tests.message('x1')).conversation_id), i.duplicate,
  'I6: a conversation opened since under an id of the duplicate goes to the duplicate') from ids i;
select is((tests.contact('bsuid:B9')).id, i.duplicate, 'I6: an id that the conversation came to be known by goes with it') from ids i;
select is((select count(*)::int from crm.conversations v where v.contact_id = i.survivor), 1, 'I6: and leaves nobody behind') from ids i;
select is_empty($$ select v.id from crm.conversations v join crm.conversation_keys k on k.conversation_id = v.id
  where v.workspace_id = tests.workspace_id() and v.contact_id is distinct from (tests.contact(k.value)).id $$, 'I7: a conversation''s contact is who its ids name');
select is_empty($$ select e.event_key from crm.contact_interaction_events e join crm.conversations v on v.id = e.conversation_id
  where e.workspace_id = tests.workspace_id() and e.contact_id is distinct from v.contact_id $$, 'I10: events follow their conversation''s contact');
select is((tests.conversation('psid:P1')).contact_id, i.survivor, 'I6: the survivor''s own conversation stays') from ids i;
select is(tests.count_of('messages'), 7, 'I6: nothing is lost');

select * from finish();
rollback;
