begin;
select plan(9);

select tests.create_acme();
select tests.create_merchant();
select is(tests.land('contacts', tests.b2chat_contact(1), tests.b2chat_contact(2)), '{"landed": 2, "unchanged": 0}', 'new records land');
select is(tests.land('contacts', tests.b2chat_contact(2), tests.b2chat_contact(3), tests.b2chat_contact(3)), '{"landed": 1, "unchanged": 2}',
  'what is there already, or twice in one call, is unchanged');
select is(tests.land('contacts', tests.b2chat_contact(2, '{"fullname": "Ana"}')), '{"landed": 1, "unchanged": 0}', 'another version of a record is another row');
select is(tests.land('chats', '{"chat_id": 2}'), '{"landed": 1, "unchanged": 0}', 'a chat is no contact');
select is(tests.count_of('raw_records', 't.status = ''pending'' and t.attempts = 0'), 5, 'all of them wait');
select is((select array_agg(r.external_id order by r.landed_at) from crm.raw_records r where r.workspace_id = tests.workspace_id() and r.entity = 'contacts'),
  '{1,2,3,2}', 'in the order they came');
select is((select r.payload from crm.raw_records r where r.workspace_id = tests.workspace_id() and r.external_id = '1'), tests.b2chat_contact(1), 'as delivered');

select tests.transform('contacts');
select tests.writes_nothing($$ select tests.land('contacts', tests.b2chat_contact(1), tests.b2chat_contact(2)) $$, 'landing again writes nothing');
select is(tests.transform('contacts'), '{}', 'and leaves nothing to do');

select * from finish();
rollback;
