-- I15: data errors that only the tables find.
begin;
select plan(13);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');

create temporary table result as select tests.deliver(
  tests.chat('P1', tests.said('m2', 2)), tests.item(tests.person('{psid:P2}', '{"full_name": "Bea"}'), tests.said('n1', 1), tests.said('n2', 2, 'refuse me')), tests.chat('P3', tests.said('o1', 1))) as r;
select is((select array_agg(x #>> '{error,code}') from result, jsonb_array_elements(r) x), array[null, 'refused_by_database', null], 'I15: only the item in the middle is refused');
select is(r #> '{1}', '{"ordinal": 2, "conversation_id": null, "contact_id": null, "version": null, "is_new": false, "contact_outcome": "ignored", "events_inserted": 0,
  "events_duplicate": 0, "error": {"code": "refused_by_database", "path": "$", "sqlstate": "23514"}}', 'I15: it says why') from result;
select is((select array_agg(m.provider_message_id order by m.provider_message_id) from crm.messages m where m.workspace_id = tests.workspace_id()), array['m1', 'm2', 'o1'], 'I15: its neighbours are stored');
select is((tests.contact('psid:P2')).id, null, 'I15: nothing of it is: no contact');
select is((tests.conversation('psid:P2')).id, null, 'I15: no conversation');

select is(tests.deliver(tests.chat('P1', tests.said('m3', 3, 'refuse me'))) #>> '{0,error,code}', 'refused_by_database', 'I15: a single message on the fast path');
select is((select (v.unread_count, v.last_message_at) from tests.conversation('psid:P1') v), (2, tests.moment(2)), 'I15: leaves its conversation as it was');
select is((select array_agg(d.reason || ' ' || substr(d.detail, 1, 5) || ' ' || d.path order by d.item::text) from crm.dead_letters d where d.workspace_id = tests.workspace_id()),
  array['refused_by_database 23514 $', 'refused_by_database 23514 $'], 'I15: both are dead letters');
select tests.deliver(tests.chat('P1', tests.said('m3', 3, 'refuse me')), tests.chat('P1', tests.said('m2', 2)));
select is(tests.count_of('dead_letters'), 2, 'I15: replayed, still the same two');

select tests.fail_writes('contacts', $$ new.full_name = 'Zero' $$, '22012');
select is(tests.deliver(tests.item(tests.person('{psid:P4}', '{"full_name": "Zero"}')), tests.chat('P5')) #>> '{0,error,sqlstate}', '22012', 'I15: class 22 is a data error');
select is(tests.count_of('conversations', $$ id = (tests.conversation('psid:P5')).id $$), 1, 'I15: its neighbour is stored');
select tests.fail_writes('contacts', $$ new.full_name = 'Four hundred' $$, 'PT400');
select is(tests.deliver(tests.item(tests.person('{psid:P6}', '{"full_name": "Four hundred"}'))) #>> '{0,error,sqlstate}', 'PT400', 'I15: so is PT400');

alter table crm.messages drop constraint made_to_fail;
select tests.deliver(variadic array(select d.item from crm.dead_letters d where d.workspace_id = tests.workspace_id() and d.detail like '23514%'));
select is(tests.count_of('messages', $$ body = 'refuse me' $$), 2, 'I15: once the tables take it, the dead letter''s item goes in as it is');

select * from finish();
rollback;
