-- What a room above keeps of a thread would be deleted with it: its trigger moves it first.
begin;
select plan(12);

select tests.create_acme();
select tests.add_deals();
create function pg_temp.wa(p_identities text[], variadic p_events jsonb[] default '{}') returns jsonb language sql as $$
  select tests.ingest('pgtap-number', tests.item(tests.person(p_identities), variadic p_events))
$$;
create function pg_temp.deal(p_name text, p_key text) returns void language sql as $$
  select tests.link_deal(v.workspace_id, tests.open_deal(v.workspace_id, v.contact_id, p_name), v.id) from tests.conversation(p_key) v
$$;
-- The threads that the deals are about, by deal.
create function pg_temp.threads() returns jsonb language sql as $$
  select jsonb_object_agg(d.name, t.conversation_id) from tests.deal_threads t join tests.deals d on d.id = t.deal_id
$$;

select pg_temp.wa('{wa_id:573001112233}', tests.said('m1', 1)), pg_temp.wa('{bsuid@W:B1}', tests.said('m2', 2));
update crm.conversations v set created_at = v.created_at - interval '1 hour' where v.id = (tests.conversation('wa_id:573001112233')).id;
select pg_temp.deal('by number', 'wa_id:573001112233'), pg_temp.deal('by user id', 'bsuid:B1');
create temporary table threads as select (tests.conversation('wa_id:573001112233')).id as older, (tests.conversation('bsuid:B1')).id as younger;
select is(pg_temp.threads(), jsonb_build_object('by number', t.older, 'by user id', t.younger), 'each thread has its deal') from threads t;

select pg_temp.wa('{wa_id:573001112233,bsuid@W:B1}', tests.said('m3', 3));
select is(tests.told_since('thread'), '{there}', 'the merge is told once, while the duplicate has its row');
select is_empty('select from crm.conversations v join threads t on v.id = t.younger', 'which it loses afterwards');
select is(pg_temp.threads(), jsonb_build_object('by number', t.older, 'by user id', t.older), 'both deals are the survivor''s, and none was lost to the cascade') from threads t;
select is_empty($$ select from tests.deals d where d.contact_id <> (tests.contact('bsuid:B1')).id $$, 'I6: their contacts became one in the same delivery');

-- An orphan whose participant becomes known: the thread is merged by the reconciliation.
insert into crm.blocked_identity_values (workspace_id, kind, pattern) values (tests.workspace_id(), '*', 'B2');
select pg_temp.wa('{wa_id:573004445566}', tests.said('n1', 1));
select tests.ingest('pgtap-number', tests.item(tests.person('{bsuid@W:B2}'), tests.said('n2', 2)) || '{"thread_id": "t2"}');
select pg_temp.deal('known', 'wa_id:573004445566');
select tests.link_deal(tests.workspace_id(), tests.open_deal(tests.workspace_id(), (tests.contact('wa_id:573004445566')).id, 'orphan'), (tests.conversation('t2')).id);
select is((tests.conversation('t2')).contact_id, null, 'an orphan has a deal too');
delete from crm.blocked_identity_values b where b.workspace_id = tests.workspace_id();
select pg_temp.wa('{wa_id:573004445566,bsuid@W:B2}', tests.said('n3', 3));
select is(tests.told_since('thread'), '{}', 'without its thread a delivery does not find it');
select is((select r.orphaned_conversations_fixed from crm.reconcile_contacts(tests.workspace_id()) r), 1, 'the reconciliation does');
select is(tests.told_since('thread'), '{there}', 'and tells of the merge');
select is((select count(distinct t.value)::int from jsonb_each(pg_temp.threads()) t where t.key in ('known', 'orphan')), 1, 'both deals are of one thread');

-- A room that refuses stops the delivery of that person, and nothing is half done.
create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception using errcode = '23514', message = 'A deal is being signed.'; end $$;
create trigger refuse after insert on crm.conversation_merges for each statement execute function pg_temp.refuse();
select pg_temp.wa('{wa_id:573007778899}', tests.said('o1', 1)), pg_temp.wa('{bsuid@W:B3}', tests.said('o2', 2));
select is(pg_temp.wa('{wa_id:573007778899,bsuid@W:B3}', tests.said('o3', 3)) #>> '{0,error,code}', 'refused_by_database', 'I15: what a room above refuses is a dead letter');
select isnt((tests.conversation('wa_id:573007778899')).id, (tests.conversation('bsuid:B3')).id, 'and the threads stay two');

select * from finish();
rollback;
