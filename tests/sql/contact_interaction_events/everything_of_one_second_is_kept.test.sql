begin;
select plan(6);

select tests.create_acme();
create temporary table delivery as select tests.chat('P1',
  tests.said('m1', 1),
  tests.happened('reaction', 5, 'm1', '{"reaction": "love", "emoji": "❤"}'), tests.happened('reaction', 5, 'm1', '{"reaction": "haha", "emoji": "😆"}'),
  tests.happened('postback', 5, null, '{"payload": "QUOTE"}'), tests.happened('postback', 5, null, '{"payload": "PRICE"}'),
  tests.happened('referral', 5, null, '{"ref": "r1"}'), tests.happened('some_new_type', 5)) as item;
select is(tests.deliver(d.item) #>> '{0,events_inserted}', '7', 'all of them are new') from delivery d;
select results_eq($$ select e.event_type, count(*)::int from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() group by 1 order by 1 $$,
  $$ values ('message', 1), ('postback', 2), ('reaction', 2), ('referral', 1), ('some_new_type', 1) $$, 'and all are kept, of unknown types too');
select is(tests.deliver(d.item) #>> '{0,events_duplicate}', '7', 'replayed, none is kept twice') from delivery d;
select tests.writes_nothing(format('select tests.deliver(%L)', d.item), 'I10: a replay writes nothing') from delivery d;
select is(tests.count_of('contact_interaction_events', format('message_id = %L', (tests.message('m1')).id)), 3, 'reactions are tied to their message');
select is(tests.deliver(tests.chat('P1', tests.happened('reaction', 5.001, 'm1', '{"reaction": "love", "emoji": "❤"}'))) #>> '{0,events_inserted}', '1', 'a millisecond later is another reaction');

select * from finish();
rollback;
