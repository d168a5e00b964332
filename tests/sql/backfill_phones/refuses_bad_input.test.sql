begin;
select plan(4);

select tests.create_acme();
select tests.throws_code($$ select * from crm.backfill_phones(gen_random_uuid()) $$, 'PT404', 'not_found', 'an unknown workspace');
select tests.throws_code($$ select * from crm.backfill_phones(tests.workspace_id(), true, 0) $$, 'PT400', 'invalid_input', 'no contact a call');
select tests.throws_code($$ select * from crm.backfill_phones(tests.workspace_id(), true, 2001) $$, 'PT400', 'invalid_input', 'too many a call');
select is((select array[b.scanned, b.remaining] from crm.backfill_phones(tests.workspace_id(), false) b), array[0, 0], 'nobody is no error');

select * from finish();
rollback;
