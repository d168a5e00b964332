begin;
select plan(22);

select tests.create_acme();
select tests.throws_code(format('select crm.upsert_contact(tests.workspace_id(), %L, %L)', c.source, c.contact), 'PT400', 'invalid_input', c.description)
from (values
  (null, '{"identities": []}', 'no source'),
  ('upgraded', '{"identities": []}', 'a source that is none'),
  ('chat_embedded', null, 'no contact'),
  ('chat_embedded', 'null', 'a null contact'),
  ('chat_embedded', '[]', 'an array'),
  ('chat_embedded', '"a@x.co"', 'a text'),
  ('chat_embedded', '{"identities": {}}', 'identities that are no array'),
  ('chat_embedded', '{"identities": ["a@x.co"]}', 'an identity that is no object'),
  ('chat_embedded', '{"identities": [{"kind": "name", "value": "Ana"}]}', 'an unknown kind'),
  ('chat_embedded', '{"identities": [{"value": "Ana"}]}', 'no kind'),
  ('chat_embedded', '{"identities": [{"kind": "psid"}]}', 'no value'),
  ('chat_embedded', '{"identities": [{"kind": "psid", "value": 7}]}', 'a number as value'),
  ('chat_embedded', '{"identities": [{"kind": "psid", "value": "7", "scope": 1}]}', 'a number as scope'),
  ('chat_embedded', format('{"identities": [{"kind": "psid", "value": "%s"}]}', repeat('7', 257)), 'a value of 257 characters'),
  ('chat_embedded', '{"identities": [], "previous_identities": [{"kind": "x", "value": "y"}]}', 'an unknown kind of previous identity'),
  ('chat_embedded', '{"identities": [], "full_name": ["Ana"]}', 'a name that is no text'),
  ('chat_embedded', format('{"identities": [], "city": "%s"}', repeat('x', 4001)), 'a text of 4001 characters'),
  ('chat_embedded', format('{"identities": [], "custom_attributes": {"x": "%s"}}', repeat('x', 262144)), 'custom attributes of more than 256 kB'),
  ('chat_embedded', '{"identities": [], "custom_attributes": []}', 'custom attributes that are no object'),
  ('chat_embedded', '{"identities": [], "source_updated_at": "yesterday"}', 'a time that is none')
) c (source, contact, description);
select tests.throws_code($$ select crm.upsert_contact(gen_random_uuid(), 'chat_embedded', '{"identities": []}') $$, 'PT404', 'not_found', 'an unknown workspace');
select is(tests.count_of('contacts'), 0, 'nobody was created');

select * from finish();
rollback;
