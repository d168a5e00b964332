begin;
select plan(9);

select tests.create_acme();
create temporary table results as
select r.*
from crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'), jsonb_build_array(
  tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2)),
  tests.chat('P2'),
  '{"participant": "nobody"}'::jsonb,
  tests.chat('P1', tests.said('m2', 2), tests.said('m3', 3)))) r;

select is((select array_agg(r.ordinal order by r.ordinal) from results r), array[1, 2, 3, 4], 'ordinals count from 1');
select is((select array_agg(r.events_inserted order by r.ordinal) from results r), array[2, 0, 0, 1], 'events_inserted');
select is((select array_agg(r.events_duplicate order by r.ordinal) from results r), array[0, 0, 0, 1], 'events_duplicate');
select is((select array_agg(r.is_new order by r.ordinal) from results r), array[true, true, false, false], 'is_new is the first item of a new conversation');
select is((select array_agg(r.contact_outcome order by r.ordinal) from results r), array['created', 'created', 'ignored', 'unchanged'], 'contact_outcome');
select is((select array_agg(r.error order by r.ordinal) filter (where r.error is not null) from results r),
  array['{"code": "invalid_item", "path": "$.participant"}'::jsonb], 'a bad item has its error');
select is((select array_agg(r.conversation_id order by r.ordinal) from results r),
  array[(tests.conversation('psid:P1')).id, (tests.conversation('psid:P2')).id, null, (tests.conversation('psid:P1')).id], 'conversation_id');
select is((select array_agg(r.contact_id order by r.ordinal) from results r),
  array[(tests.contact('psid:P1')).id, (tests.contact('psid:P2')).id, null, (tests.contact('psid:P1')).id], 'contact_id');
select is_empty($$ select from crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'), '[]') $$, 'no items, no rows');

select * from finish();
rollback;
