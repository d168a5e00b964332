-- I6: a B2Chat chat has only a thread; whose it is shows by the b2chat_id of its account.
begin;
select plan(4);

select tests.create_acme();
select crm.connect_channel(tests.workspace_id(), 'b2chat', 'pgtap-merchant', 'Merchant');
create function pg_temp.chat(p_thread text, p_id text, variadic p_events jsonb[]) returns jsonb language sql as $$
  select tests.ingest('pgtap-merchant', tests.item(tests.person(array['b2chat_id@chats:pgtap-merchant:' || p_id]), variadic p_events) || jsonb_build_object('thread_id', p_thread))
$$;
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
select pg_temp.chat('t1', 'A', tests.said('c1', 1));
create temporary table merge as select tests.merge('psid:P1', 'b2chat_id:A') as id;
-- All of this is one transaction, so rows are of one time: the merge was before.
update crm.contact_merges m set merged_at = m.merged_at - interval '1 hour' where m.workspace_id = tests.workspace_id();
update crm.conversations v set created_at = v.created_at - interval '2 hours' where v.workspace_id = tests.workspace_id();
select pg_temp.chat('t2', 'A', tests.said('c2', 2));
select is((tests.conversation('t2')).contact_id, (tests.contact('psid:P1')).id, 'a chat opened while the merge stands');
select crm.unmerge_contacts(m.id) from merge m;
select is((tests.conversation('t1')).contact_id, (tests.contact('b2chat_id:A')).id, 'I6: the chat that moved goes back');
select is((tests.conversation('t2')).contact_id, (tests.contact('b2chat_id:A')).id, 'I6: and so does the one opened since');
select is((tests.conversation('psid:P1')).contact_id, (tests.contact('psid:P1')).id, 'I6: the survivor keeps its own');

select * from finish();
rollback;
