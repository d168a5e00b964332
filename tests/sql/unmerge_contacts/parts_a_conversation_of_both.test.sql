-- I6, I7: a delivery joined a conversation of each into one. Parted, each is known by its own ids again.
begin;
select plan(9);

select tests.create_acme();
create function pg_temp.wa(p_identities text[], variadic p_events jsonb[]) returns jsonb language sql as $$
  select tests.ingest('pgtap-number', tests.item(tests.person(p_identities), variadic p_events))
$$;
select pg_temp.wa('{wa_id:573001112233}', tests.said('m1', 1));
select pg_temp.wa('{bsuid@W:B1}', tests.said('m2', 2));
update crm.conversations set created_at = created_at - interval '1 hour' where id = (tests.conversation('wa_id:573001112233')).id;
update crm.contacts set created_at = created_at - interval '1 hour' where id = (tests.contact('wa_id:573001112233')).id;
create temporary table ids as select (tests.contact('wa_id:573001112233')).id as older, (tests.contact('bsuid:B1')).id as younger, (tests.conversation('wa_id:573001112233')).id as joined;
select pg_temp.wa('{wa_id:573001112233,bsuid@W:B1}', tests.said('m3', 3));
select is(tests.count_of('conversations'), 1, 'a delivery that names both ids joins the conversations');
select crm.unmerge_contacts(m.id) from crm.contact_merges m where m.workspace_id = tests.workspace_id();

select is((tests.conversation('wa_id:573001112233')).id, i.joined, 'I6: the joint one stays whole with whose it was first') from ids i;
select is((tests.conversation('wa_id:573001112233')).contact_id, (tests.contact('wa_id:573001112233')).id, 'I7: who is its contact');
select is((tests.conversation('bsuid:B1')).contact_id, (tests.contact('bsuid:B1')).id, 'I7: the other has one of its own');
select isnt((tests.contact('bsuid:B1')).id, (tests.contact('wa_id:573001112233')).id, 'and the two are two');
select set_eq(format('select m.provider_message_id from crm.messages m where m.conversation_id = %L', i.joined), array['m1', 'm2', 'm3'], 'I6: no message is lost') from ids i;
select is((pg_temp.wa('{bsuid@W:B1}', tests.said('m4', 4)) #>> '{0,contact_id}')::uuid, (tests.contact('bsuid:B1')).id, 'I6: what comes under its id goes there');

-- The other way about: the conversation was the duplicate's.
select pg_temp.wa('{wa_id:573007778899}', tests.said('n1', 1)), pg_temp.wa('{bsuid@W:B2}', tests.said('n2', 2));
update crm.conversations set created_at = created_at - interval '1 hour' where id = (tests.conversation('wa_id:573007778899')).id;
create temporary table other as select (tests.contact('bsuid:B2')).id as survivor, (tests.contact('wa_id:573007778899')).id as duplicate, tests.merge('bsuid:B2', 'wa_id:573007778899') as merge;
select pg_temp.wa('{wa_id:573007778899,bsuid@W:B2}', tests.said('n3', 3));
select crm.unmerge_contacts(o.merge) from other o;
select is(array[(tests.conversation('wa_id:573007778899')).contact_id, (tests.conversation('bsuid:B2')).contact_id], array[o.duplicate, o.survivor], 'I7: each its own again') from other o;
select is((tests.message('n3')).conversation_id, (tests.conversation('wa_id:573007778899')).id, 'I6: the joint one goes back to the duplicate');

select * from finish();
rollback;
