-- I7: a pair that somebody rejected writes on one WhatsApp account, and a delivery carries the ids of both.
begin;
select plan(7);

select tests.create_acme();
create function pg_temp.hear(p_identities text[], variadic p_events jsonb[]) returns void language sql as $$
  select tests.ingest('pgtap-number', tests.item(tests.person(p_identities), variadic p_events))
$$;
select pg_temp.hear('{wa_id:573001112233}', tests.said('m1', 1)), pg_temp.hear('{bsuid@WABA1:CO.1}', tests.said('m2', 2));
insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, status, decided_at)
select tests.workspace_id(), least(a.id, b.id), greatest(a.id, b.id), 'rejected', now() from tests.contact('wa_id:573001112233') a, tests.contact('bsuid:CO.1') b;

select pg_temp.hear('{wa_id:573001112233,bsuid@WABA1:CO.1}', tests.said('m3', 3));
select is(tests.count_of('contacts', 'merged_into_id is null'), 2, 'I5: the two stay two');
select is(tests.count_of('conversations'), 2, 'I7: and so do their conversations');
select is((tests.conversation('wa_id:573001112233')).contact_id, (tests.contact('wa_id:573001112233')).id, 'I7: each with its own contact');
select is((tests.conversation('bsuid:CO.1')).contact_id, (tests.contact('bsuid:CO.1')).id, 'I7: the other one too');
select is((tests.message('m3')).conversation_id, (tests.conversation('wa_id:573001112233')).id, 'what names both is said in the conversation of its contact');
select tests.writes_nothing($$ select pg_temp.hear('{wa_id:573001112233,bsuid@WABA1:CO.1}', tests.said('m3', 3)) $$, 'I10: a replay writes nothing');
select pg_temp.hear('{bsuid@WABA1:CO.1}', tests.said('m4', 4));
select is((tests.message('m4')).conversation_id, (tests.message('m2')).conversation_id, 'the other''s conversation goes on');

select * from finish();
rollback;
