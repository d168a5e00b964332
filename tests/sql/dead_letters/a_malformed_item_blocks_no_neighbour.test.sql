-- I15
begin;
select plan(24);

select tests.create_acme();
create temporary table bad as
select * from (values
  ('a text', '"x"'::jsonb, 'invalid_item', '$'),
  ('null', 'null', 'invalid_item', '$'),
  ('an array', '[]', 'invalid_item', '$'),
  ('neither thread nor participant', '{"events": []}', 'invalid_item', '$'),
  ('a thread id that is a number', '{"thread_id": 7}', 'invalid_item', '$.thread_id'),
  ('a blank thread id', '{"thread_id": " "}', 'invalid_item', '$.thread_id'),
  ('a thread id of 513 characters', jsonb_build_object('thread_id', repeat('t', 513)), 'invalid_item', '$.thread_id'),
  ('a participant that is an array', '{"participant": []}', 'invalid_item', '$.participant'),
  ('events that are an object', '{"thread_id": "t", "events": {}}', 'invalid_item', '$.events'),
  ('a time that is none', '{"thread_id": "t", "updated_at": "soon"}', 'invalid_item', '$.updated_at'),
  ('identities that are a text', '{"participant": {"identities": "P1"}}', 'invalid_item', '$.participant.identities'),
  ('an unknown kind of identity', '{"participant": {"identities": [{"kind": "psid", "value": "P"}, {"kind": "name", "value": "Ana"}]}}', 'invalid_item', '$.participant.identities[1].kind'),
  ('an identity without a value', '{"participant": {"identities": [{"kind": "psid"}]}}', 'invalid_item', '$.participant.identities[0].value'),
  ('a name that is an object', '{"participant": {"identities": [{"kind": "psid", "value": "P"}], "full_name": {}}}', 'invalid_item', '$.participant.full_name'),
  ('a name of 4001 characters', jsonb_build_object('participant', jsonb_build_object('identities', '[]'::jsonb, 'full_name', repeat('x', 4001))), 'invalid_item', '$.participant.full_name'),
  ('custom attributes that are an array', '{"participant": {"identities": [], "custom_attributes": []}}', 'invalid_item', '$.participant.custom_attributes'),
  ('no id that names a conversation', '{"participant": {"identities": [{"kind": "email", "value": "a@x.co"}]}}', 'no_conversation', '$.participant.identities'),
  ('only a blocked id', '{"participant": {"identities": [{"kind": "psid", "value": "0"}]}}', 'no_conversation', '$.participant.identities')
) b (name, item, code, path);
create temporary table results as
select b.*, x.result
from (select tests.deliver(variadic array[tests.chat('P1', tests.said('m1', 1))] || array(select b.item from bad b order by b.name) || array[tests.chat('P2', tests.said('n1', 1))]) as r) c
cross join lateral jsonb_array_elements(c.r) with ordinality x (result, place)
left join (select bad.*, row_number() over (order by bad.name) + 1 as place from bad) b on b.place = x.place;

select is(r.result -> 'error', jsonb_build_object('code', r.code, 'path', r.path), 'I15: ' || r.name) from results r where r.name is not null;
select is((select array_agg(r.result -> 'error') from results r where r.name is null), array['null', 'null']::jsonb[], 'I15: the first and the last are good');
select is((select array_agg(m.provider_message_id order by m.provider_message_id) from crm.messages m where m.workspace_id = tests.workspace_id()), array['m1', 'n1'], 'I15: and stored');
select set_eq($$ select d.item, d.reason, d.path, d.channel, d.account_external_id, d.channel_account_id, d.status from crm.dead_letters d where d.workspace_id = tests.workspace_id() $$,
  $$ select b.item, b.code, b.path, 'messenger' as c, 'pgtap-page' as e, tests.account_id('pgtap-page'), 'open' as s from bad b $$, 'I15: each bad one is a dead letter, as it was');
select is(tests.count_of('contacts'), 2, 'I15: a bad item leaves no contact');
select is(tests.count_of('conversations'), 2, 'I15: and no conversation');
select tests.writes_nothing($$ select tests.deliver(variadic array(select b.item from bad b)) $$, 'I10, I15: all of them again are no new dead letters');

select * from finish();
rollback;
