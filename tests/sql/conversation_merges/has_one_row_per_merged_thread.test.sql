-- Where a thread went that is gone: one row for each, which leads to what has its messages now.
begin;
select plan(12);

select tests.create_acme();
create function pg_temp.wa(p_identities text[], variadic p_events jsonb[] default '{}') returns jsonb language sql as $$
  select tests.ingest('pgtap-number', tests.item(tests.person(p_identities), variadic p_events))
$$;
create function pg_temp.older(p_key text, p_by interval) returns uuid language sql as $$
  update crm.conversations v set created_at = v.created_at - p_by where v.id = (tests.conversation(p_key)).id returning v.id
$$;
create function pg_temp.merges() returns table (duplicate_id uuid, survivor_id uuid) language sql as $$
  select m.duplicate_id, m.survivor_id from crm.conversation_merges m where m.workspace_id = tests.workspace_id()
$$;

-- Three threads of one person: by number, by user id, by thread id; the number's is the youngest.
select pg_temp.wa('{wa_id:573001112233}', tests.said('m1', 1)), pg_temp.wa('{bsuid@W:B1}', tests.said('m2', 2));
select tests.ingest('pgtap-number', jsonb_build_object('thread_id', 't1', 'events', jsonb_build_array(tests.said('m3', 3))));
create temporary table threads as select (tests.conversation('wa_id:573001112233')).id as number, pg_temp.older('bsuid:B1', '1 hour') as user_id, pg_temp.older('t1', '1 day') as thread;
select is_empty('select * from pg_temp.merges()', 'nothing is merged yet');

select pg_temp.wa('{wa_id:573001112233,bsuid@W:B1}', tests.said('m4', 4));
select results_eq('select * from pg_temp.merges()', 'select t.number, t.user_id from threads t', 'a delivery that names two threads merges the younger into the older');
select is(tests.tuples_written() -> 'conversation_merges', '[1, 0, 0]', 'that is one row, written once');
select is_empty('select from crm.conversations v join threads t on v.id = t.number', 'the duplicate has no row any more');
create temporary table once as select * from crm.conversation_merges m where m.workspace_id = tests.workspace_id();

-- The survivor is merged away itself.
select tests.ingest('pgtap-number', tests.item(tests.person('{bsuid@W:B1}'), tests.said('m5', 5)) || '{"thread_id": "t1"}');
select set_eq('select * from pg_temp.merges()', 'select t.number, t.thread from threads t union all select t.user_id, t.thread from threads t',
  'both lead to the last survivor, in one step');
select is((select m.merged_at from crm.conversation_merges m join threads t on t.number = m.duplicate_id), (select o.merged_at from once o), 'and the first keeps its time');
select is((select count(*)::int from crm.messages m join threads t on m.conversation_id = t.thread), 5, 'where every message is');

-- The same deliveries again, each of them.
create temporary table before as select to_jsonb(m) as row from crm.conversation_merges m where m.workspace_id = tests.workspace_id();
select tests.writes_nothing($$
  select pg_temp.wa('{wa_id:573001112233}', tests.said('m1', 1)), pg_temp.wa('{bsuid@W:B1}', tests.said('m2', 2)),
    pg_temp.wa('{wa_id:573001112233,bsuid@W:B1}', tests.said('m4', 4)),
    tests.ingest('pgtap-number', tests.item(tests.person('{bsuid@W:B1}'), tests.said('m5', 5)) || '{"thread_id": "t1"}')
$$, 'I10: a replay adds none');
select set_eq($$ select to_jsonb(m) from crm.conversation_merges m where m.workspace_id = tests.workspace_id() $$, 'select b.row from before b', 'and changes none');

-- Several at once: a page in which two people's threads turn out to be one each.
select pg_temp.wa('{wa_id:573004445566}', tests.said('n1', 1)), pg_temp.wa('{bsuid@W:B2}', tests.said('n2', 2)),
  pg_temp.wa('{wa_id:573007778899}', tests.said('n3', 3)), pg_temp.wa('{bsuid@W:B3}', tests.said('n4', 4));
select tests.ingest('pgtap-number',
  tests.item(tests.person('{wa_id:573004445566,bsuid@W:B2}'), tests.said('n5', 5)),
  tests.item(tests.person('{wa_id:573007778899,bsuid@W:B3}'), tests.said('n6', 6)));
select is((select count(*)::int from pg_temp.merges()), 4, 'a page that merges two threads adds two');

-- Merging the contacts of two threads merges no thread, and neither does the undo.
select tests.deliver(tests.chat('P1', tests.said('p1', 1)), tests.chat('P2', tests.said('p2', 2)));
select crm.unmerge_contacts(tests.merge('psid:P1', 'psid:P2'));
select is((select count(*)::int from pg_temp.merges()), 4, 'a merge of contacts and its undo add none');

-- With the survivor goes what led to it.
delete from crm.conversations v using threads t where v.id = t.thread;
select is((select count(*)::int from pg_temp.merges()), 2, 'a conversation that is deleted takes the rows along that lead to it');

select * from finish();
rollback;
