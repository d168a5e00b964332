-- I9: once per account and provider message id, whichever of webhook, echo, API page or replay brings it.
begin;
select plan(10);

select tests.create_acme();
select is(tests.deliver(tests.chat('P1', tests.said('m1', 1))) #>> '{0,events_inserted}', '1', 'I9: a webhook brings it');
select is(tests.deliver(tests.chat('P1', tests.said('m1', 1))) #>> '{0,events_duplicate}', '1', 'I9: again, it is a duplicate');
select is(tests.deliver(tests.general_path(tests.chat('P1', tests.said('m1', 1)))) #>> '{0,events_duplicate}', '1', 'I9: on the general path too');
select is(tests.deliver(tests.chat('P1', tests.said('m1', 1)) || '{"thread_id": "t1"}') #>> '{0,events_duplicate}', '1', 'I9: and of an API page');
select is((select r #>> '{0,events_inserted}' || (r #>> '{0,events_duplicate}') from tests.deliver(tests.chat('P1', tests.said('m2', 2), tests.said('m2', 2), tests.said('m1', 1))) r), '12',
  'I9: twice in one delivery is once');
select is((select array_agg(x ->> 'events_inserted') from tests.deliver(tests.chat('P1', tests.said('m3', 3)), tests.chat('P1', tests.said('m3', 3))) r, jsonb_array_elements(r) x),
  array['1', '0'], 'I9: and in two items of a call');
select is(tests.count_of('messages'), 3, 'I9: three messages');
select is(tests.count_of('contact_interaction_events'), 3, 'I10: three events');
select is(tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}'), tests.said('m1', 1))) #>> '{0,events_inserted}', '1', 'I9: the same id of another account is another message');
select is((tests.conversation('psid:P1')).unread_count, 3, 'each is unread once');

select * from finish();
rollback;
