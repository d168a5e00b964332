-- A person whom WhatsApp knows by a number and by a user id, in two conversations until something joins them.
begin;
select plan(8);

select tests.create_acme();
create function pg_temp.wa(p_identities text[], variadic p_events jsonb[]) returns jsonb language sql as $$
  select tests.ingest('pgtap-number', tests.item(tests.person(p_identities), variadic p_events))
$$;

select pg_temp.wa(array['wa_id:111'], tests.said('m1', 1));
select pg_temp.wa(array['bsuid:B222'], tests.status('o1', 'read', 5));
select pg_temp.wa(array['wa_id:111'], tests.sent('o1', 4));
select is((tests.message('o1')).status, 'read', 'I11: a status that waits in the other conversation is found on the fast path');

-- Closed at second 10; somebody wrote to the other conversation after it.
update crm.conversations set status = 'closed', status_changed_at = tests.moment(10), unread_count = 0
where id = (tests.conversation('wa_id:111')).id;
select pg_temp.wa(array['bsuid:B222'], tests.said('m2', 20));
select pg_temp.wa(array['wa_id:111', 'bsuid:B222'], tests.status('o1', 'delivered', 5));
select is((tests.conversation('wa_id:111')).status, 'open', 'I2: a merge does not close over what was written after the close');

-- History first, then the live copy of a message from after the close.
update crm.conversations set status = 'closed', status_changed_at = tests.moment(30), unread_count = 0
where id = (tests.conversation('wa_id:111')).id;
select pg_temp.wa(array['wa_id:111'], tests.said('m3', 40, 'Hola', '{"is_history": true}'));
select is((tests.conversation('wa_id:111')).status, 'closed', 'history does not open a closed conversation');
select pg_temp.wa(array['wa_id:111'], tests.said('m3', 40));
select is((tests.conversation('wa_id:111')).status, 'open', 'I2: the live copy of it does');

-- A bridge and, in the same call, somebody who only carries what the bridge brings.
select tests.ingest('pgtap-number', tests.item(tests.person(array['bsuid:B333']), tests.said('n1', 1)));
select tests.ingest('pgtap-number',
  tests.item(tests.person(array['wa_id:333', 'bsuid:B333']), tests.said('n2', 2)),
  tests.item(tests.person(array['wa_id:333']), tests.said('n3', 3)));
select is((tests.contact('wa_id:333')).id, (tests.contact('bsuid:B333')).id, 'they are one contact');
select is(tests.count_of('contact_merges', 'duplicate_id <> survivor_id and merged_at is not null'), 1,
  'and nobody was made only to be merged away: the one merge is of the two above');

-- Nested attributes: the newer value counts, whole.
select tests.ingest('pgtap-number', tests.item(tests.person(array['wa_id:444'], '{"custom_attributes": {"k": ["a", "b"]}}'), tests.said('q1', 1)));
select tests.ingest('pgtap-number', tests.item(tests.person(array['wa_id:444'], '{"custom_attributes": {"k": ["a"]}}'), tests.said('q2', 2)));
select is((tests.contact('wa_id:444')).custom_attributes, '{"k": ["a"]}', 'I3: the newest value, not what contains it');

-- The AI set one tag on both halves; a message of the time of the later one does not answer it.
select tests.ingest('pgtap-number', tests.item(tests.person(array['wa_id:555']), tests.said('r1', 1)));
select tests.ingest('pgtap-number', tests.item(tests.person(array['bsuid:B555']), tests.said('r2', 1)));
insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by, set_at) values
  (tests.workspace_id(), (tests.conversation('wa_id:555')).id, 'quote sent', 'ai', tests.moment(4)),
  (tests.workspace_id(), (tests.conversation('bsuid:B555')).id, 'quote sent', 'ai', tests.moment(8));
select tests.ingest('pgtap-number', tests.item(tests.person(array['wa_id:555', 'bsuid:B555']), tests.said('r3', 8)));
select is((select array_agg(t.set_at) from crm.conversation_tags t where t.conversation_id = (tests.conversation('wa_id:555')).id),
  array[tests.moment(8)], 'of one tag on both halves the later one counts');

select * from finish();
rollback;
