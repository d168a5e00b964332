begin;
select plan(5);

select tests.furnish_acme();
create temporary table person as select (tests.contact('psid:P1')).id as id;
grant select on person to authenticated, service_role;

select tests.authenticate_as('viewer@acme.test');
select is(e ->> 'contact_id', p.id::text, 'a viewer may ask') from person p, crm.explain_contact(p.id) e;
select tests.throws_code('select crm.explain_contact(gen_random_uuid())', 'PT403', 'forbidden', 'I22: who is not there is as forbidden as a stranger''s contact');
select tests.authenticate_as('outsider@other.test');
select tests.throws_code(format('select crm.explain_contact(%L)', p.id), 'PT403', 'forbidden', 'I22: an owner of another workspace learns nothing') from person p;
select tests.as_service();
select tests.throws_code('select crm.explain_contact(gen_random_uuid())', 'PT404', 'not_found', 'the backend is told that there is no such contact');
select tests.throws_code(format('select crm.explain_contact(%L, %L)', p.id, tests.workspace_id('pgtap-other')), 'PT404', 'not_found', 'I22: not in that workspace') from person p;

select * from finish();
rollback;
