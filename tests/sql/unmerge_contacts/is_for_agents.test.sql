begin;
select plan(5);

select tests.furnish_acme();
create temporary table merge as select m.* from crm.contact_merges m where m.workspace_id = tests.workspace_id();
grant select on merge to authenticated;

select tests.authenticate_as('viewer@acme.test');
select tests.throws_code(format('select crm.unmerge_contacts(%L)', m.id), 'PT403', 'forbidden', 'I22: a viewer undoes nothing') from merge m;
select tests.authenticate_as('outsider@other.test');
select tests.throws_code(format('select crm.unmerge_contacts(%L, %L)', m.id, tests.workspace_id('pgtap-other')), 'PT403', 'forbidden', 'I22: nor does an owner of another workspace') from merge m;
select tests.authenticate_as('agent@acme.test');
select lives_ok(format('select crm.unmerge_contacts(%L)', m.id), 'an agent may') from merge m;
select tests.clear_authentication();
select ok(c.merged_into_id is null, 'and the duplicate is somebody again') from merge m join crm.contacts c on c.id = m.duplicate_id;
select tests.as_service();
select tests.throws_code('select crm.unmerge_contacts(gen_random_uuid())', 'PT404', 'not_found', 'the backend is told what is not there');

select * from finish();
rollback;
