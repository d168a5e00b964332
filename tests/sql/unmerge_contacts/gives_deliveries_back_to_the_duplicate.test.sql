-- I6: who writes under the duplicate's ids is the survivor while the merge stands, and the duplicate once it is undone.
begin;
select plan(12);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('n1', 1)));
create temporary table ids as select (tests.contact('psid:P1')).id as survivor, (tests.contact('psid:P2')).id as duplicate;
create temporary table merge as select tests.merge('psid:P1', 'psid:P2') as id;

select is((tests.deliver(tests.chat('P2', tests.said('n2', 2))) #>> '{0,contact_id}')::uuid, i.survivor, 'a message under the duplicate''s id, the fast path') from ids i;
select is((tests.deliver(tests.general_path(tests.chat('P2', tests.said('n3', 3)))) #>> '{0,contact_id}')::uuid, i.survivor, 'the general path') from ids i;
select is((tests.deliver(tests.item(tests.person('{psid:P2}', '{"full_name": "Ana"}'), tests.said('n4', 4))) #>> '{0,contact_id}')::uuid, i.survivor, 'with a name') from ids i;
select is((tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:P2,email:a@x.co}')) ->> 'contact_id')::uuid, i.survivor, 'with an identity more') from ids i;
select is(tests.count_of('contacts'), 2, 'nobody else has come');

select crm.unmerge_contacts(m.id) from merge m;
select is((tests.deliver(tests.chat('P2', tests.said('n5', 5))) #>> '{0,contact_id}')::uuid, i.duplicate, 'undone: a message, the fast path') from ids i;
select is((tests.deliver(tests.general_path(tests.chat('P2', tests.said('n6', 6)))) #>> '{0,contact_id}')::uuid, i.duplicate, 'the general path') from ids i;
select is((tests.deliver(tests.item(tests.person('{psid:P2}', '{"full_name": "Bea"}'), tests.said('n7', 7))) #>> '{0,contact_id}')::uuid, i.duplicate, 'with a name') from ids i;
select is((tests.upsert('chat_embedded', tests.person('{psid@pgtap-page:P2}')) ->> 'contact_id')::uuid, i.duplicate, 'without a conversation') from ids i;
select is((tests.deliver(tests.chat('P1', tests.said('m2', 8))) #>> '{0,contact_id}')::uuid, i.survivor, 'and the survivor is the survivor') from ids i;
select is((tests.contact('psid:P2')).full_name, 'Bea', 'the duplicate learns again');
select is((tests.contact('psid:P1')).full_name, null, 'the survivor does not, and has no name of the duplicate''s');

select * from finish();
rollback;
