begin;
select plan(4);

select tests.create_user('stranger@nowhere.test');
select is_empty($$ select from crm.workspace_members m where m.user_id = tests.user_id('stranger@nowhere.test') $$, 'somebody without a workspace');

select tests.authenticate_as('stranger@nowhere.test');
select matches(crm.schema_version(), '^[0-9]+[.][0-9]+[.][0-9]+$', 'who signed in reads the version');
select tests.as_service();
select matches(crm.schema_version(), '^[0-9]+[.][0-9]+[.][0-9]+$', 'so does the service role');
select tests.as_anon();
select tests.throws_code('select crm.schema_version()', '42501', null, 'I22: anon does not');
select tests.clear_authentication();

select * from finish();
rollback;
