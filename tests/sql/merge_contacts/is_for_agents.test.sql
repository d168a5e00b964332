begin;
select plan(8);

select tests.furnish_acme();
select tests.upsert('contacts_api', tests.person('{email:one@y.co}')), tests.upsert('contacts_api', tests.person('{email:two@y.co}'));
create temporary table people as select (tests.contact('email:one@y.co')).id as one, (tests.contact('email:two@y.co')).id as two;
grant select on people to authenticated, service_role;

select tests.authenticate_as('viewer@acme.test');
select tests.throws_code(format('select crm.merge_contacts(%L, %L, %L)', p.one, p.two, 'same'), 'PT403', 'forbidden', 'I22: a viewer merges nobody') from people p;
select tests.authenticate_as('outsider@other.test');
select tests.throws_code(format('select crm.merge_contacts(%L, %L, %L)', p.one, p.two, 'same'), 'PT403', 'forbidden', 'I22: nor does an owner of another workspace') from people p;
select tests.throws_code(format('select crm.merge_contacts(%L, %L, %L, %L)', p.one, p.two, 'same', tests.workspace_id('pgtap-other')), 'PT403', 'forbidden',
  'I22: not even by naming a workspace of theirs') from people p;
select tests.as_anon();
select tests.throws_code('select crm.merge_contacts(gen_random_uuid(), gen_random_uuid(), null)', '42501', null, 'I22: nobody who is not signed in');
select tests.clear_authentication();
select is(tests.count_of('contacts', 'merged_into_id is not null'), 1, 'nothing has changed');

select tests.authenticate_as('agent@acme.test');
select lives_ok(format('select crm.merge_contacts(%L, %L, %L)', p.one, p.two, ' same person '), 'an agent may') from people p;
select tests.clear_authentication();
select is(row(m.reason, m.merged_by)::text, row('same person', tests.user_id('agent@acme.test'))::text, 'I23: who merged them, and why, is kept')
from crm.contact_merges m, people p where m.survivor_id = p.one;

select tests.upsert('contacts_api', tests.person('{email:three@y.co}'));
select tests.as_service();
select lives_ok(format('select tests.merge(%L, %L)', 'email:one@y.co', 'email:three@y.co'), 'the backend may');

select * from finish();
rollback;
