-- I1, I5: a person has at most one psid per page, one b2chat_id per scope, one identification: sharing a phone makes them no one.
begin;
select plan(11);

select tests.create_acme();
select tests.upsert(s.source, tests.person(array[k.kind || ':first', 'phone:' || k.phone], '{"full_name": "First"}')),
  tests.upsert(s.source, tests.person(array[k.kind || ':second', 'phone:' || k.phone], '{"full_name": "Second"}'))
from (values
  ('chat_embedded', 'psid@one', '+573001112233'), ('contacts_api', 'b2chat_id@contacts:M1', '+573001112244'), ('contacts_api', 'identification', '+573001112255')
) k (source, kind, phone)
cross join lateral (select k.source) s;

select isnt((tests.contact(k.kind || ':first')).id, (tests.contact(k.kind || ':second')).id, k.kind || ': two contacts')
from unnest(array['psid', 'identification']) k (kind);
select is(tests.count_of('contacts', 'merged_into_id is null'), 6, 'six people in all');
select is((tests.contact('phone:' || p.phone)).full_name, 'First', 'a shared phone stays where it is: ' || p.phone)
from unnest(array['+573001112233', '+573001112244', '+573001112255']) p (phone);
select is(tests.count_of('merge_candidates', $$ status = 'open' $$), 3, 'I5: each pair is a merge candidate');

select is(tests.upsert('chat_embedded', tests.person('{psid@two:other page,psid@one:first}')) ->> 'outcome', 'unchanged', 'a psid of another page is one more');
select is((tests.contact('psid:other page')).full_name, 'First', 'of the same person');
select is((tests.upsert('contacts_api', tests.person('{psid@one:second,psid@two:other page}')) ->> 'contact_id')::uuid, (tests.contact('psid:second')).id,
  'two people with a psid of the page each are not merged, even when one is named with both');
select is((tests.contact('psid:other page')).full_name, 'First', 'and keep what is theirs');

select * from finish();
rollback;
