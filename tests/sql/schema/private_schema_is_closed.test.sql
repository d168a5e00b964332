begin;
select plan(5);

select tests.furnish_acme();

select is(has_schema_privilege('authenticated', 'crm_private', 'usage'), false, 'I22: authenticated has no usage on crm_private');
select is(has_schema_privilege('anon', 'crm_private', 'usage'), false, 'I22: nor has anon');

select tests.authenticate_as('owner@acme.test');
select tests.throws_code('select crm_private.member_workspace_ids()', '42501', null, 'I22: an owner calls no helper, not even the one that policies call');
select tests.throws_code($$ select crm_private.reject_input('$', 'x') $$, '42501', null, 'I22: nor any other');
select isnt_empty('select from crm.contacts', 'and still reads what the policies let through');

select * from finish();
rollback;
