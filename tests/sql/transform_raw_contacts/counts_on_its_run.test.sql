-- I14
begin;
select plan(11);

select tests.create_acme();
select tests.create_merchant();
select tests.land('contacts', tests.b2chat_contact(1, '{"mobile": "+573001234567"}'));
select tests.transform('contacts');
-- A new version of it, a new one, one whose phone a chat's stub has, one that says nothing new, and one with a wrong type.
select tests.land('chats', tests.b2chat_chat('c1', '{"id": 7, "name": "Eva", "mobile_number": "+573007654321"}'));
select tests.transform('chats');
select tests.land('contacts', tests.b2chat_contact(1, '{"mobile": "+573001234567", "fullname": "Ana", "updated": "2026-01-26 10:00:00"}'), tests.b2chat_contact(2),
  tests.b2chat_contact(3, '{"mobile": "+573007654321"}'), tests.b2chat_contact(1, '{"mobile": "+573001234567", "merchant_id": null}'), tests.b2chat_contact(4, '{"tags": 7}'));
-- Somebody else's, in the same workspace, who came first.
select crm.connect_channel(tests.workspace_id(), 'b2chat', 'pgtap-other', 'Another merchant');
select crm.land_raw_records(tests.account_id('pgtap-other'), 'contacts', jsonb_build_array(tests.b2chat_contact(8)));
update crm.raw_records r set landed_at = '2025-01-01Z' where r.channel_account_id = tests.account_id('pgtap-other');
create temporary table started as select tests.start_export() as s;
update crm.sync_locks l set expires_at = clock_timestamp() + interval '1 minute' where l.workspace_id = tests.workspace_id();
create function pg_temp.transform(p_start jsonb, p_limit int default 500) returns jsonb language sql as $$
  select to_jsonb(t) from crm.transform_raw_contacts(p_limit, (p_start ->> 'run_id')::uuid, (p_start ->> 'token')::uuid) t
$$;

select tests.throws_code(format('select crm.transform_raw_contacts(500, %L, %L)', s.s ->> 'run_id', gen_random_uuid()), 'PT409', 'lock_lost', 'I13: another token') from started s;
select tests.throws_code(format('select crm.transform_raw_contacts(500, %L)', s.s ->> 'run_id'), 'PT409', 'lock_lost', 'I13: no token') from started s;
select tests.throws_code(format('select crm.transform_raw_contacts(p_token => %L)', s.s ->> 'token'), 'PT400', 'invalid_input', 'a token without its run') from started s;
select tests.throws_code(format('select crm.transform_raw_contacts(500, %L, %L, %L)', s.s ->> 'run_id', s.s ->> 'token', gen_random_uuid()), 'PT404', 'not_found', 'the run of another workspace') from started s;
select is((tests.count_of('raw_records', 't.status = ''pending'''), (tests.run(s.s)).items), (('{"processed": 5, "created": 1, "updated": 1, "upgraded": 1, "skipped": 1, "failed": 1}'::jsonb ->> 'processed')::int + 1, 0), 'I13: and nothing was written') from started s;

select is(pg_temp.transform(s.s), '{"processed": 5, "created": 1, "updated": 1, "upgraded": 1, "skipped": 1, "failed": 1}', 'it transforms what is the account''s') from started s;
select is((select array_agg(r.status) from crm.raw_records r where r.channel_account_id = tests.account_id('pgtap-other')), '{pending}', 'and nobody else''s');
select is((r.items, r.created, r.updated, r.unchanged, r.failed, r.pages, r.last_page_at),
  ((e.e ->> 'processed')::int, 1, (e.e ->> 'updated')::int + (e.e ->> 'upgraded')::int, 1, 1, 0, null::timestamptz), 'it is counted, and no page')
from started s, tests.run(s.s) r, (values ('{"processed": 5, "created": 1, "updated": 1, "upgraded": 1, "skipped": 1, "failed": 1}'::jsonb)) e (e);
select ok(r.progressed_at > r.started_at and l.expires_at > clock_timestamp() + interval '4 minutes', 'it is progress, and holds the lock for five minutes more')
from started s, tests.run(s.s) r, crm.sync_locks l where l.resource = r.resource;

update crm.sync_runs r set progressed_at = '2026-01-01Z' where r.workspace_id = tests.workspace_id();
select pg_temp.transform(s.s) from started s;
select is((r.items, r.progressed_at), ((e.e ->> 'processed')::int, '2026-01-01Z'::timestamptz), 'nothing to do is no progress') from started s, tests.run(s.s) r, (values ('{"processed": 5, "created": 1, "updated": 1, "upgraded": 1, "skipped": 1, "failed": 1}'::jsonb)) e (e);
select is((select t.created from crm.transform_raw_contacts() t), 1, 'without a run it transforms everybody''s');

select * from finish();
rollback;
