-- What people and attackers really send, and which path it takes. Nothing of it may raise an error.
begin;
select plan(115);

-- A plain item of Messenger and one of WhatsApp with a name, changed by a path and a value; no value removes the path.
create function pg_temp.plain(p_path text[] default '{}', p_value jsonb default null) returns jsonb language sql as $$
  select jsonb_build_array(case
    when p_path = '{}' then i.item
    when p_value is null then i.item #- p_path
    else jsonb_set(i.item, p_path, p_value) end)
  from (select tests.chat('P1', tests.said('m1', 1)) as item) i
$$;
create function pg_temp.named(p_path text[] default '{}', p_value jsonb default null) returns jsonb language sql as $$
  select jsonb_build_array(case
    when p_path = '{}' then i.item
    when p_value is null then i.item #- p_path
    else jsonb_set(i.item, p_path, p_value) end)
  from (
    select tests.item(tests.person('{wa_id:573001112233}', '{"full_name": "Ana"}'), tests.said('w1', 1)) as item
  ) i
$$;

create temporary table inputs as
select * from (values
  -- The whole call.
  ('messenger', 'SQL null', null, null),
  ('messenger', 'JSON null', 'null', null),
  ('messenger', 'a text', '"x"', null),
  ('messenger', 'a number', '1', null),
  ('messenger', 'true', 'true', null),
  ('messenger', 'an object', '{}', null),
  ('messenger', 'an item without its array', pg_temp.plain() -> 0, null),
  ('messenger', 'no items', '[]', null),
  ('messenger', 'a number as item', '[1]', null),
  ('messenger', 'a null as item', '[null]', null),
  ('messenger', 'a text as item', '["participant"]', null),
  ('messenger', 'an array as item', jsonb_build_array(pg_temp.plain()), null),
  ('messenger', 'an empty item', '[{}]', null),
  ('messenger', 'one plain item', pg_temp.plain(), 'plain'),
  ('messenger', '20 plain items', (select jsonb_agg(pg_temp.plain() -> 0) from generate_series(1, 20)), 'plain'),
  ('messenger', '21 plain items', (select jsonb_agg(pg_temp.plain() -> 0) from generate_series(1, 21)), null),
  ('messenger', '21 items that are none', (select jsonb_agg(1) from generate_series(1, 21)), null),
  ('messenger', 'a plain item and a number', pg_temp.plain() || '1', null),
  ('messenger', 'a plain item and a named one', pg_temp.plain() || pg_temp.plain('{participant,full_name}', '"Ana"'), null),
  ('whatsapp', 'a name', pg_temp.named(), 'named'),
  ('whatsapp', 'two named items', pg_temp.named() || pg_temp.named(), null),
  ('whatsapp', 'the number alone', pg_temp.named('{participant,full_name}'), 'plain'),

  -- The channel and its kinds.
  (null, 'no channel', pg_temp.plain(), null),
  ('telegram', 'a channel that is none', pg_temp.plain(), null),
  ('b2chat', 'a channel without participants'' conversations', pg_temp.plain(), null),
  ('whatsapp', 'the id of another channel', pg_temp.plain(), null),
  ('messenger', 'a kind that names no conversation', pg_temp.plain('{participant,identities,0,kind}', '"email"'), null),
  ('messenger', 'a kind that is none', pg_temp.plain('{participant,identities,0,kind}', '"PSID"'), null),
  ('messenger', 'no kind', pg_temp.plain('{participant,identities,0,kind}'), null),
  ('messenger', 'a number as kind', pg_temp.plain('{participant,identities,0,kind}', '1'), null),
  ('messenger', 'a null as kind', pg_temp.plain('{participant,identities,0,kind}', 'null'), null),
  ('messenger', 'a list as kind', pg_temp.plain('{participant,identities,0,kind}', '["psid"]'), null),

  -- Values and scopes.
  ('messenger', 'no value', pg_temp.plain('{participant,identities,0,value}'), null),
  ('messenger', 'a number as value', pg_temp.plain('{participant,identities,0,value}', '730000000001'), null),
  ('messenger', 'a null as value', pg_temp.plain('{participant,identities,0,value}', 'null'), null),
  ('messenger', 'an object as value', pg_temp.plain('{participant,identities,0,value}', '{"a": null}'), null),
  ('messenger', 'an empty value', pg_temp.plain('{participant,identities,0,value}', '""'), 'plain'),
  ('messenger', 'the own page as scope', pg_temp.plain('{participant,identities,0,scope}', '"pgtap-page"'), 'named'),
  ('messenger', 'another page as scope', pg_temp.plain('{participant,identities,0,scope}', '"other-page"'), 'named'),
  ('messenger', 'a null as scope', pg_temp.plain('{participant,identities,0,scope}', 'null'), 'named'),
  ('messenger', 'a number as scope', pg_temp.plain('{participant,identities,0,scope}', '7'), null),
  ('messenger', 'a list as scope', pg_temp.plain('{participant,identities,0,scope}', '["pgtap-page"]'), null),
  ('whatsapp', 'a scope of a kind without one', pg_temp.named('{participant,identities,0,scope}', '"x"'), 'named'),
  ('whatsapp', 'an id whose scope is looked up', pg_temp.named('{participant,identities,0,kind}', '"bsuid"'), 'named'),
  ('whatsapp', 'such an id without a name',
    pg_temp.named('{participant}', '{"identities": [{"kind": "bsuid", "scope": "W", "value": "CO.1"}]}'), 'named'),

  -- The list of identities.
  ('messenger', 'no identities', pg_temp.plain('{participant,identities}'), null),
  ('messenger', 'an empty list', pg_temp.plain('{participant,identities}', '[]'), null),
  ('messenger', 'a null for the list', pg_temp.plain('{participant,identities}', 'null'), null),
  ('messenger', 'a text for the list', pg_temp.plain('{participant,identities}', '"P1"'), null),
  ('messenger', 'an object for the list', pg_temp.plain('{participant,identities}', '{"kind": "psid", "value": "P1"}'), null),
  ('messenger', 'a null in the list', pg_temp.plain('{participant,identities}', '[null]'), null),
  ('messenger', 'a text in the list', pg_temp.plain('{participant,identities}', '["psid:P1"]'), null),
  ('messenger', 'a list in the list', pg_temp.plain('{participant,identities}', '[[{"kind": "psid", "value": "P1"}]]'), null),
  ('messenger', 'the same id twice',
    pg_temp.plain('{participant,identities}', '[{"kind": "psid", "value": "P1"}, {"kind": "psid", "value": "P1"}]'), 'named'),
  ('whatsapp', 'two ids', pg_temp.named('{participant,identities}', tests.identities('{wa_id:573001112233,bsuid@W:CO.1}')), 'named'),
  ('whatsapp', 'two ids, the second without a value',
    pg_temp.named('{participant,identities}', '[{"kind": "wa_id", "value": "1"}, {"kind": "bsuid"}]'), null),
  ('whatsapp', 'two ids, the second of another kind',
    pg_temp.named('{participant,identities}', tests.identities('{wa_id:573001112233,email:a@x.co}')), null),
  ('messenger', 'a field more in an id', pg_temp.plain('{participant,identities,0,extra}', '1'), 'plain'),

  -- The participant.
  ('messenger', 'no participant', pg_temp.plain('{participant}'), null),
  ('messenger', 'a null as participant', pg_temp.plain('{participant}', 'null'), null),
  ('messenger', 'a list as participant', pg_temp.plain('{participant}', jsonb_build_array(pg_temp.plain() #> '{0,participant}')), null),
  ('messenger', 'a text as participant', pg_temp.plain('{participant}', '"P1"'), null),
  ('messenger', 'a field that is not of the shape', pg_temp.plain('{participant,phone}', '"+573001112233"'), null),
  ('messenger', 'a null in such a field', pg_temp.plain('{participant,phone}', 'null'), null),
  ('messenger', 'old ids', pg_temp.plain('{participant,previous_identities}', '[]'), null),
  ('messenger', 'a time of the source', pg_temp.plain('{participant,source_updated_at}', '1736942400000'), null),
  ('messenger', 'a name', pg_temp.plain('{participant,full_name}', '"Ana"'), 'named'),
  ('messenger', 'an empty name', pg_temp.plain('{participant,full_name}', '""'), 'named'),
  ('messenger', 'a null as name', pg_temp.plain('{participant,full_name}', 'null'), null),
  ('messenger', 'a number as name', pg_temp.plain('{participant,full_name}', '5'), null),
  ('messenger', 'a list as name', pg_temp.plain('{participant,full_name}', '["Ana"]'), null),
  ('messenger', 'attributes', pg_temp.plain('{participant,custom_attributes}', '{"plan": null, "a": {"b": [null]}}'), 'named'),
  ('messenger', 'no attributes', pg_temp.plain('{participant,custom_attributes}', '{}'), 'named'),
  ('messenger', 'a list of attributes', pg_temp.plain('{participant,custom_attributes}', '[{}]'), null),
  ('messenger', 'a null as attributes', pg_temp.plain('{participant,custom_attributes}', 'null'), null),
  ('messenger', '501 attributes',
    pg_temp.plain('{participant,custom_attributes}', (select jsonb_object_agg('k' || n, n) from generate_series(1, 501) n)), null),
  ('messenger', 'a name of 3,000 characters', pg_temp.plain('{participant,full_name}', to_jsonb(repeat('x', 3000))), null),

  -- The item's other fields.
  ('messenger', 'a thread', pg_temp.plain('{thread_id}', '"t_1"'), null),
  ('messenger', 'a time of the item', pg_temp.plain('{updated_at}', '1736942400000'), null),
  ('messenger', 'an unknown field', pg_temp.plain('{extra}', 'null'), null),

  -- The events.
  ('messenger', 'events are missing', pg_temp.plain('{events}'), null),
  ('messenger', 'no events', pg_temp.plain('{events}', '[]'), null),
  ('messenger', 'a null for the events', pg_temp.plain('{events}', 'null'), null),
  ('messenger', 'an object for the events', pg_temp.plain('{events}', tests.said('m1', 1)), null),
  ('messenger', 'an object with the key 0', pg_temp.plain('{events}', jsonb_build_object('0', tests.said('m1', 1))), null),
  ('messenger', 'two events', pg_temp.plain('{events}', jsonb_build_array(tests.said('m1', 1), tests.said('m2', 2))), null),
  ('messenger', 'a list in the events', pg_temp.plain('{events}', jsonb_build_array(jsonb_build_array(tests.said('m1', 1)))), null),
  ('messenger', 'a null as event', pg_temp.plain('{events}', '[null]'), null),
  ('messenger', 'a status', pg_temp.plain('{events}', jsonb_build_array(tests.status('m1', 'read', 1))), null),
  ('messenger', 'no type', pg_temp.plain('{events,0,type}'), null),
  ('messenger', 'history', pg_temp.plain('{events,0,is_history}', 'false'), null),
  ('messenger', 'an unknown field of the event', pg_temp.plain('{events,0,mood}', '"good"'), null),
  ('messenger', 'everything a message may have',
    pg_temp.plain('{events,0}', tests.said('m1', 1, 'Hola', '{"attachments": [{}], "reply_to": "m0", "payload": {"a": null}}')), 'plain'),

  -- Its message id, direction, text and the rest.
  ('messenger', 'no message id', pg_temp.plain('{events,0,provider_message_id}'), null),
  ('messenger', 'an empty message id', pg_temp.plain('{events,0,provider_message_id}', '""'), null),
  ('messenger', 'a message id of 513 characters', pg_temp.plain('{events,0,provider_message_id}', to_jsonb(repeat('x', 513))), null),
  ('messenger', 'a number as message id', pg_temp.plain('{events,0,provider_message_id}', '7'), null),
  ('messenger', 'a list as direction', pg_temp.plain('{events,0,direction}', '["inbound"]'), null),
  ('messenger', 'another direction', pg_temp.plain('{events,0,direction}', '"sideways"'), null),
  ('messenger', 'a null as text', pg_temp.plain('{events,0,text}', 'null'), null),
  ('messenger', 'a number as text', pg_temp.plain('{events,0,text}', '5'), null),
  ('messenger', 'an object as attachments', pg_temp.plain('{events,0,attachments}', '{}'), null),
  ('messenger', 'an object as reply_to', pg_temp.plain('{events,0,reply_to}', '{}'), null),
  ('messenger', 'a list as payload', pg_temp.plain('{events,0,payload}', '[]'), null),

  -- Its time.
  ('messenger', 'no time', pg_temp.plain('{events,0,occurred_at}'), null),
  ('messenger', 'ten digits', pg_temp.plain('{events,0,occurred_at}', '1736942401'), 'plain'),
  ('messenger', '15 digits', pg_temp.plain('{events,0,occurred_at}', '173694240100000'), null),
  ('messenger', 'a huge number', pg_temp.plain('{events,0,occurred_at}', '1e300'), null),
  ('messenger', 'a text of digits', pg_temp.plain('{events,0,occurred_at}', '"1736942401000"'), 'named'),
  ('messenger', 'ISO 8601', pg_temp.plain('{events,0,occurred_at}', '"2025-01-15T12:00:01Z"'), 'named'),
  ('messenger', 'a day that is none', pg_temp.plain('{events,0,occurred_at}', '"2025-02-31T12:00:01Z"'), null),
  ('messenger', 'a word', pg_temp.plain('{events,0,occurred_at}', '"yesterday"'), null),
  ('messenger', 'infinity', pg_temp.plain('{events,0,occurred_at}', '"Infinity"'), null),
  ('messenger', 'true', pg_temp.plain('{events,0,occurred_at}', 'true'), null),
  ('messenger', 'a list', pg_temp.plain('{events,0,occurred_at}', '[1736942401000]'), null)
) i (channel, name, items, shape);

select is(crm_private.fast_path_shape(i.channel, i.items::jsonb), i.shape, format('%s: %s', coalesce(i.channel, 'none'), i.name))
from inputs i;

select * from finish();
rollback;
