-- I5: stubs that turn out to be one person are merged, full contacts become candidates.
begin;
select plan(22);

select tests.create_acme();
-- As an older schema left them: written without identities and without a normal form.
alter table crm.contacts disable trigger user;
insert into crm.contacts (workspace_id, id, full_name, mobile, phone, sync_source, needs_full_sync, created_at, merged_into_id)
select tests.workspace_id(), c.id::uuid, c.name, c.mobile, c.phone, c.source, c.source = 'chat_embedded', '2026-01-01'::timestamptz + c.age * interval '1 day', null
from (values
  ('00000000-0000-4000-8000-000000000001', 'Ana stub', '300 111 2233', null, 'chat_embedded', 3),
  ('00000000-0000-4000-8000-000000000002', 'Ana full', null, '+57 300 1112233', 'contacts_api', 2),
  ('00000000-0000-4000-8000-000000000003', 'Ana older stub', '3001112233', '111', 'chat_embedded', 1),
  ('00000000-0000-4000-8000-000000000004', 'Beto full', '3002223344', null, 'contacts_api', 1),
  ('00000000-0000-4000-8000-000000000005', 'Beto full too', '(300) 222-3344', null, 'upgraded', 2),
  ('00000000-0000-4000-8000-000000000006', 'Caro', 'none', null, 'chat_embedded', 1),
  ('00000000-0000-4000-8000-000000000007', 'Dora stub', '+55 11 98765-4321', null, 'chat_embedded', 1),
  ('00000000-0000-4000-8000-000000000008', 'Dora stub too', '+55 11 8765-4321', null, 'chat_embedded', 2),
  ('00000000-0000-4000-8000-000000000009', 'Nobody', null, null, 'chat_embedded', 1)
) c (id, name, mobile, phone, source, age);
alter table crm.contacts enable trigger user;

create function pg_temp.round(p_dry_run boolean, p_limit int default 500) returns int[] language sql as $$
  select array[b.scanned, b.normalized, b.merged, b.candidates, b.remaining] from crm.backfill_phones(tests.workspace_id(), p_dry_run, p_limit) b
$$;
create function pg_temp.name_of(p_phone text) returns text language sql as $$ select (tests.contact('phone:' || p_phone)).full_name $$;

select tests.writes_nothing('select 1', 'nothing is written by nothing');
create table pg_temp.before as select tests.state(tests.workspace_id()) as state;
select is(pg_temp.round(true), array[8, 7, 3, 1, 0], 'a dry run says what would happen');
select is(tests.state(tests.workspace_id()), (select state from pg_temp.before), 'and changes nothing');
select is(pg_temp.round(true), array[8, 7, 3, 1, 0], 'however often');
select is(pg_temp.round(false), array[8, 7, 3, 1, 0], 'the run does exactly that');
select is(pg_temp.name_of('+573001112233'), 'Ana full', 'I5: a full contact survives its stubs');
select is((select count(*)::int from crm.contacts c where c.merged_into_id = '00000000-0000-4000-8000-000000000002'), 2, 'I5: both of them');
select is(pg_temp.name_of('+573002223344'), 'Beto full', 'of two full contacts one has the number');
select is((select array[m.contact_a_id, m.contact_b_id] from crm.merge_candidates m where m.status = 'open'),
  array['00000000-0000-4000-8000-000000000004', '00000000-0000-4000-8000-000000000005']::uuid[], 'I5: and the two are a candidate');
select is(pg_temp.name_of('+5511987654321'), pg_temp.name_of('+551187654321'), 'I5: two notations of one number are one person');
select is((tests.contact('phone:+551187654321')).id, '00000000-0000-4000-8000-000000000007', 'the older stub survives');
select is((select c.phone_normalized from crm.contacts c where c.full_name = 'Ana full'), '+573001112233', 'the normal form is written');
select is((select c.phone_normalized from crm.contacts c where c.full_name = 'Caro'), null, 'where there is one');
select is((select array_agg(distinct i.rule) from crm.contact_identities i), '{backfill}', 'I23: each identity says where it came from');
select is(pg_temp.round(false), array[5, 0, 0, 0, 0], 'the next round finds nothing new');

-- In bounded calls, with the same end.
select is(array(select pg_temp.round(false, 2)), array(select array[2, 0, 0, 0, 3]), 'a call takes as many as it is told');
select is(pg_temp.round(true, 2), array[2, 0, 0, 0, 1], 'a dry run goes on where the run is');
select is(pg_temp.round(false, 2), array[2, 0, 0, 0, 1], 'and so does the run');
select is(pg_temp.round(false, 2), array[1, 0, 0, 0, 0], 'to the end');

-- What deliveries take for an identity, the backfill does too.
alter table crm.contacts disable trigger user;
insert into crm.contacts (workspace_id, full_name, mobile) values (tests.workspace_id(), 'Elena', '+52 1 55 1234 5678');
alter table crm.contacts enable trigger user;
select is((pg_temp.round(false))[1] > 0, true, 'a round with a number that is possible only in its other notation');
select is((select c.full_name from tests.contact('phone:+525512345678') c), 'Elena', 'finds it');
select tests.upsert('chat_embedded', tests.person('{wa_id:5215512345678}'));
select is((tests.contact('wa_id:5215512345678')).full_name, 'Elena', 'and her WhatsApp number is hers');

select * from finish();
rollback;
