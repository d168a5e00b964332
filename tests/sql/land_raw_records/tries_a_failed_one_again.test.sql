begin;
select plan(6);

select tests.create_acme();
select tests.create_merchant();
select tests.land('contacts', tests.b2chat_contact(1, '{"tags": 7}'));
select is(tests.transform('contacts'), '{"processed": 1, "failed": 1}', 'it fails');
select is((select (r.status, r.attempts, r.error ->> 'path', r.processed_at is not null) from crm.raw_records r where r.workspace_id = tests.workspace_id()),
  ('failed'::text, 1, '$.tags'::text, true), 'and keeps its error');
select is(tests.transform('contacts'), '{}', 'it is not tried again on its own');
select is(tests.land('contacts', tests.b2chat_contact(1, '{"tags": 7}')), '{"landed": 1, "unchanged": 0}', 'landing it again is another try');
select is((select (r.status, r.attempts, r.error) from crm.raw_records r where r.workspace_id = tests.workspace_id()), ('pending'::text, 1, null::jsonb), 'it waits again');
select tests.transform('contacts');
select is((select (r.status, r.attempts) from crm.raw_records r where r.workspace_id = tests.workspace_id()), ('failed'::text, 2), 'the attempts are counted');

select * from finish();
rollback;
