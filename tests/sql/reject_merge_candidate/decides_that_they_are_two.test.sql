-- I5: a rejected pair is two people, whatever comes.
begin;
select plan(12);

select tests.furnish_acme();
create temporary table candidate as select m.* from crm.merge_candidates m where m.workspace_id = tests.workspace_id() and m.status = 'open';
grant select on candidate to authenticated;
select is((select count(*)::int from candidate), 1, 'a chat spoke of two full contacts as one');

select tests.authenticate_as('viewer@acme.test');
select tests.throws_code(format('select crm.reject_merge_candidate(%L)', c.id), 'PT403', 'forbidden', 'I22: a viewer decides nothing') from candidate c;
select tests.authenticate_as('outsider@other.test');
select tests.throws_code(format('select crm.reject_merge_candidate(%L, %L)', c.id, tests.workspace_id('pgtap-other')), 'PT403', 'forbidden', 'I22: nor does an owner of another workspace') from candidate c;
select tests.authenticate_as('agent@acme.test');
select lives_ok(format('select crm.reject_merge_candidate(%L)', c.id), 'an agent may') from candidate c;
select tests.clear_authentication();
select is(row(m.status, m.decided_at is not null)::text, '(rejected,t)', 'I5: the pair is rejected') from crm.merge_candidates m, candidate c where m.id = c.id;
select tests.writes_nothing(format('select crm.reject_merge_candidate(%L)', c.id), 'rejecting it again changes nothing') from candidate c;

select tests.upsert('contacts_api', tests.person('{email:two@x.co,phone:+573009998877}'));
select is(m.status, 'rejected', 'I5: a delivery that names both opens nothing') from crm.merge_candidates m, candidate c where m.id = c.id;
select tests.as_service();
select tests.throws_code('select crm.reject_merge_candidate(gen_random_uuid())', 'PT404', 'not_found', 'there is no such candidate');
select tests.throws_code(format('select crm.reject_merge_candidate(%L, %L)', c.id, tests.workspace_id('pgtap-other')), 'PT404', 'not_found', 'I22: not in that workspace') from (select m.id from crm.merge_candidates m where m.workspace_id = tests.workspace_id()) c;
select tests.clear_authentication();

select lives_ok(format('select crm.merge_contacts(%L, %L, %L)', c.contact_a_id, c.contact_b_id, 'one after all'), 'a decision may be taken back') from candidate c;
select tests.throws_code(format('select crm.reject_merge_candidate(%L)', c.id), 'PT409', 'already_merged', 'I6: the two that are merged cannot be rejected') from candidate c;
select is(m.status, 'merged', 'and stay merged') from crm.merge_candidates m, candidate c where m.id = c.id;

select * from finish();
rollback;
