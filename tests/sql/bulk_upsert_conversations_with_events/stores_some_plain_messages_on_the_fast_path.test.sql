-- I9 I10 I12: messages of known people in one call leave what they leave in calls of their own.
begin;
select plan(6);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('a0', 0)), tests.chat('P2', tests.said('b0', 0)));
create table pg_temp.before as select v.id, v.version, v.unread_count from crm.conversations v;

create function pg_temp.refuse() returns setof crm_private.ingest_result language plpgsql as $$ begin raise exception 'the general path was taken'; end $$;
alter function crm_private.ingest_items_isolated(crm.channel_accounts, jsonb, timestamptz, timestamptz) rename to ingest_items_isolated_kept;
create function crm_private.ingest_items_isolated(p_account crm.channel_accounts, p_items jsonb, p_now timestamptz, p_history_before timestamptz default null)
returns setof crm_private.ingest_result language sql as 'select * from pg_temp.refuse()';

create table pg_temp.answer as
select * from crm.bulk_upsert_conversations_with_events(tests.account_id('pgtap-page'),
  jsonb_build_array(tests.chat('P2', tests.said('b1', 3)), tests.chat('P1', tests.said('a1', 2)), tests.chat('P2', tests.said('b2', 1))));

select results_eq('select ordinal, events_inserted, events_duplicate, error from pg_temp.answer',
  $$values (1, 1, 0, null::jsonb), (2, 1, 0, null), (3, 1, 0, null)$$, 'one row per item, in order');
select is((select count(distinct conversation_id) from pg_temp.answer), 2::bigint, 'of two conversations');
select results_eq(
  $$select v.version - b.version, v.unread_count - b.unread_count from crm.conversations v join pg_temp.before b using (id) order by 1$$,
  $$values (1::bigint, 1), (2::bigint, 2)$$, 'each message counts');
select is((select max(version) from pg_temp.answer), (select max(version) from crm.conversations), 'the version in the answer is the one reached');
select throws_ok(
  format('select * from crm.bulk_upsert_conversations_with_events(%L, %L)', tests.account_id('pgtap-page'),
    jsonb_build_array(tests.chat('P1', tests.said('a2', 4)), tests.chat('P1', tests.said('a1', 2)))),
  'the general path was taken', 'a duplicate among them sends all the general path');
select is(tests.count_of('messages'), 5, 'and nothing of the fast path stays behind');

select * from finish();
rollback;
