begin;
select plan(3);

select tests.furnish_acme();
select tests.authenticate_as('viewer@acme.test');
select is((select s.contacts > 0 from crm.contact_sync_stats(tests.workspace_id()) s), true, 'a viewer reads it');
select tests.throws_code($$ select crm.contact_sync_stats(gen_random_uuid()) $$, 'PT403', 'forbidden', 'a workspace that is not there is forbidden as any other');
select tests.authenticate_as('outsider@other.test');
select tests.throws_code(format('select crm.contact_sync_stats(%L)', tests.workspace_id()), 'PT403', 'forbidden', 'I22: a member of another workspace is forbidden');

select * from finish();
rollback;
