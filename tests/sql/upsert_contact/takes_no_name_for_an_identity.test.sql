-- I7: two people called María are not one, and a chat that knows only her name is nobody's until more is known.
begin;
select plan(9);

select tests.create_acme();
select tests.create_merchant();
select is(tests.upsert(s.source, '{"full_name": "María", "landline": "601 234 5678", "city": "Cali"}') ->> 'outcome', 'ignored', s.source || ': a name alone makes nobody')
from unnest(array['chat_embedded', 'contacts_api']) s (source);

select tests.upsert('contacts_api', tests.person('{email:one@x.co}', '{"full_name": "María"}'));
select is(tests.upsert('contacts_api', tests.person('{email:two@x.co}', '{"full_name": "María"}')) ->> 'outcome', 'created', 'another María is another contact');
select is(tests.upsert('chat_embedded', tests.person('{phone:+573001112233}', '{"full_name": "María"}')) ->> 'outcome', 'created', 'a chat''s María is not one of them either');
select is(tests.count_of('merge_candidates'), 0, 'nor does a name make them candidates');

select is(tests.ingest('pgtap-merchant', jsonb_build_object('thread_id', 'chat-1', 'participant', '{"full_name": "María"}'::jsonb, 'events', jsonb_build_array(tests.said('m1', 1))))
  #> '{0,error}', 'null', 'I7: a chat of some María is kept, without an error');
select results_eq($$ select v.contact_id, v.metadata #>> '{participant,full_name}' from tests.conversation('chat-1') v $$, $$ values (null::uuid, 'María') $$,
  'I7: as an orphan that remembers her name');
select tests.ingest('pgtap-merchant', jsonb_build_object('thread_id', 'chat-1', 'participant', tests.person('{b2chat_id:7}', '{"full_name": "María"}'), 'events', '[]'::jsonb));
select is((tests.conversation('chat-1')).contact_id, (tests.contact('b2chat_id:7')).id, 'I7: until an identity says which María');
select is(tests.count_of('contacts'), 4, 'four of them in all');

select * from finish();
rollback;
