-- I15
begin;
select plan(23);

select tests.create_acme();
create temporary table bad as
select * from (values
  (1, 'a text', '"x"'::jsonb, ''),
  (2, 'no type', '{"occurred_at": 1736942400000}', '.type'),
  (3, 'a type that is no word', '{"type": "Big News!", "occurred_at": 1736942400000}', '.type'),
  (4, 'a message without an id', tests.said('x', 1) - 'provider_message_id', '.provider_message_id'),
  (5, 'an empty id', tests.said('', 1), '.provider_message_id'),
  (6, 'an id of 513 characters', tests.said(repeat('x', 513), 1), '.provider_message_id'),
  (7, 'no direction', tests.said('x', 1) - 'direction', '.direction'),
  (8, 'a direction that is none', tests.said('x', 1, 'x', '{"direction": "up"}'), '.direction'),
  (9, 'no time', tests.said('x', 1) - 'occurred_at', '.occurred_at'),
  (10, 'a text that is none', tests.said('x', 1, 'x', '{"text": 7}'), '.text'),
  (11, 'attachments that are an object', tests.said('x', 1, 'x', '{"attachments": {}}'), '.attachments'),
  (12, 'a payload that is an array', tests.said('x', 1, 'x', '{"payload": []}'), '.payload'),
  (13, 'history that is a text', tests.said('x', 1, 'x', '{"is_history": "yes"}'), '.is_history'),
  (14, 'a status that is none', tests.status('x', 'lost', 1), '.status'),
  (15, 'a read without its watermark', tests.happened('read', 1), '.payload.watermark'),
  (16, 'an edit without a text', tests.happened('edit', 1, 'x', '{"num_edit": 1}'), '.payload.text'),
  (17, 'an edit with a number that is none', tests.happened('edit', 1, 'x', '{"num_edit": "one", "text": "x"}'), '.payload.num_edit'),
  (18, 'an unsend of nothing', tests.happened('unsend', 1), '.provider_message_id')
) b (place, name, event, path);
create temporary table result as
select tests.deliver(tests.chat('P1', variadic array[tests.said('m1', 1)] || array(select b.event from bad b order by b.place) || array[tests.said('m2', 2)])) -> 0 as r;

select is(r #> array['error', 'events', (b.place - 1)::text], jsonb_build_object('code', 'invalid_event', 'path', format('$.events[%s]%s', b.place, b.path)), 'I15: ' || b.name)
from result, bad b order by b.place;
select is((r ->> 'events_inserted')::int, 2, 'I15: the good events of the item are stored') from result;
select is(tests.count_of('messages'), 2, 'I15: as messages');
select set_eq($$ select d.reason, d.path, d.item from crm.dead_letters d where d.workspace_id = tests.workspace_id() $$,
  $$ select 'invalid_event' as reason, '$.events[0]' || b.path as path, tests.chat('P1', b.event) as item from bad b $$, 'I15: a bad one is kept with its item, alone, so that it can be replayed');
select tests.writes_nothing($$ select tests.deliver(tests.chat('P1', variadic array(select b.event from bad b order by b.place desc))) $$, 'I15: again and in another place, it is the same dead letter');

select is(tests.deliver(tests.chat('P1', b.event)) #>> '{0,error,events,0,path}', '$.events[0]' || b.path, 'I15: a single one, where the fast path would be') from bad b where b.place = 8;

select * from finish();
rollback;
