-- I5: only stubs merge on their own.
begin;
select plan(14);

select tests.create_acme();

-- Two stubs with a psid each on one page: a person has one, so they are a candidate.
select tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:OLD,email:a@x.co}')), tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:NEW,email:a@x.co}'));
-- The same with a full contact, and two full contacts.
select tests.upsert('contacts_api', tests.person('{identification:1,email:b@x.co}')), tests.upsert('chat_embedded', tests.person('{identification:2,email:b@x.co}'));
select tests.upsert('contacts_api', tests.person('{identification:3,email:c@x.co}')), tests.upsert('contacts_api', tests.person('{identification:4,email:c@x.co}'));
-- And a pair that somebody decided about.
select tests.upsert('chat_embedded', tests.person('{identification:5,email:d@x.co}')), tests.upsert('chat_embedded', tests.person('{identification:6,email:d@x.co}'));
update crm.merge_candidates m set status = 'rejected', decided_at = now() where m.workspace_id = tests.workspace_id() and (tests.contact('identification:5')).id in (m.contact_a_id, m.contact_b_id);

select tests.writes_nothing('select * from crm.reconcile_contacts(tests.workspace_id())', 'as long as something keeps them apart, nothing happens');
select results_eq('select * from crm.reconcile_contacts(tests.workspace_id())', 'values (0, 0, 0, 3, false)', 'the open candidates are counted');

create temporary table stubs as select (tests.contact('psid:OLD')).id as older, (tests.contact('psid:NEW')).id as younger, (tests.contact('identification:2')).id as stub, (tests.contact('identification:1')).id as full;
grant select on stubs to public;
update crm.contacts c set created_at = now() - interval '1 minute' where c.id = (select s.older from stubs s);
update crm.contacts c set created_at = now() - interval '1 minute' where c.id = (select s.stub from stubs s);
-- The ids turn out to be old ones.
update crm.contact_identities i set is_previous = true where i.workspace_id = tests.workspace_id() and i.value in ('OLD', '2', '4', '6');
select results_eq('select * from crm.reconcile_contacts(tests.workspace_id())', 'values (0, 2, 0, 1, false)', 'then the pairs with a stub are merged');
select is((tests.contact('psid:OLD')).id, (select s.older from stubs s), 'the older stub survives');
select is((tests.contact('psid:NEW')).id, (select s.older from stubs s), 'with the younger''s identities');
select is((tests.contact('identification:2')).id, (select s.full from stubs s), 'a full contact survives, though the stub is older');
select is((tests.contact('identification:1')).sync_source, 'contacts_api', 'and stays full');
select isnt((tests.contact('identification:3')).id, (tests.contact('identification:4')).id, 'I5: two full contacts stay two');
select isnt((tests.contact('identification:5')).id, (tests.contact('identification:6')).id, 'a rejected pair never merges on its own');
select results_eq($$ select m.status, count(*)::int from crm.merge_candidates m where m.workspace_id = tests.workspace_id() group by 1 order by 1 $$,
  $$ values ('merged', 2), ('open', 1), ('rejected', 1) $$, 'the pairs say so');
select is(tests.count_of('contact_merges', $$reason = 'reconciled' and merged_by = 'system'$$), 2, 'I23: and so do the merges');
select tests.writes_nothing('select * from crm.reconcile_contacts(tests.workspace_id())', 'then there is nothing to do');

-- A candidate of somebody who was merged away since: the pair that counts is the survivor's.
insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id)
select tests.workspace_id(), least(s.younger, s.older), greatest(s.younger, s.older) from stubs s
on conflict (workspace_id, contact_a_id, contact_b_id) do update set status = 'open', decided_at = null;
insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id)
select tests.workspace_id(), least(s.younger, (c).id), greatest(s.younger, (c).id) from stubs s, tests.contact('identification:3') c;
update crm.contacts c set sync_source = 'upgraded', needs_full_sync = false where c.id = (select s.older from stubs s);
select results_eq('select * from crm.reconcile_contacts(tests.workspace_id())', 'values (0, 0, 0, 2, false)', 'candidates that are history are closed');
select is(tests.count_of('merge_candidates', format('status = ''open'' and %L in (contact_a_id, contact_b_id) and %L in (contact_a_id, contact_b_id)',
  (select s.older from stubs s), (tests.contact('identification:3')).id)), 1, 'and the survivor''s pair is open in its place');

select * from finish();
rollback;
