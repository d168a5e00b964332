begin;
select plan(11);

select tests.create_acme();
select tests.create_workspace('pgtap-other');
select tests.upsert('contacts_api', tests.person('{email:a@x.co}')), tests.upsert('contacts_api', tests.person('{email:b@x.co}')), tests.upsert('contacts_api', tests.person('{email:c@x.co}'));
create temporary table ids as
select (tests.contact('email:a@x.co')).id as a, (tests.contact('email:b@x.co')).id as b, (tests.contact('email:c@x.co')).id as c,
  (select u.contact_id from crm.upsert_contact(tests.workspace_id('pgtap-other'), 'contacts_api', tests.person('{email:a@x.co}')) u) as other;
create function pg_temp.merge(p_survivor uuid, p_duplicate uuid, p_reason text default 'same') returns text language sql as $$
  select format('select crm.merge_contacts(%L, %L, %L)', p_survivor, p_duplicate, p_reason)
$$;

select tests.throws_code(pg_temp.merge(i.a, i.a), 'PT400', 'invalid_input', 'I6: nobody is merged into themselves') from ids i;
select tests.throws_code(pg_temp.merge(gen_random_uuid(), i.a), 'PT404', 'not_found', 'a survivor that is not there') from ids i;
select tests.throws_code(pg_temp.merge(i.a, gen_random_uuid()), 'PT404', 'not_found', 'a duplicate that is not there') from ids i;
select tests.throws_code(pg_temp.merge(i.a, null), 'PT404', 'not_found', 'no duplicate') from ids i;
select tests.throws_code(pg_temp.merge(i.a, i.other), 'PT404', 'not_found', 'I22: contacts of two workspaces') from ids i;
select tests.throws_code(format('select crm.merge_contacts(%L, %L, %L, %L)', i.a, i.b, 'same', tests.workspace_id('pgtap-other')), 'PT404', 'not_found', 'I22: contacts of another workspace') from ids i;
select tests.throws_code(pg_temp.merge(i.a, i.b, r.reason), 'PT400', 'invalid_input', r.what)
from ids i, (values ('  ', 'a blank reason'), (repeat('x', 1001), 'a reason of 1001 characters')) r (reason, what);

select crm.merge_contacts(i.a, i.b, 'same') from ids i;
select tests.throws_code(pg_temp.merge(i.a, i.b), 'PT400', 'invalid_input', 'I6: what is merged already is one contact') from ids i;
select tests.throws_code(pg_temp.merge(i.b, i.a), 'PT400', 'invalid_input', 'I6: from either side') from ids i;
select is(tests.count_of('contact_merges'), 1, 'one merge was made');

select * from finish();
rollback;
