-- I1: a psid belongs to its page, a b2chat_id to its id space.
begin;
select plan(4);

select tests.create_acme();
select is(tests.upsert('chat_embedded', tests.person('{psid@one:P1}')) ->> 'outcome', 'created', 'a psid');
select is(tests.upsert('chat_embedded', tests.person('{psid@two:P1}')) ->> 'outcome', 'created', 'the same psid of another page is another person');
select is(tests.upsert('chat_embedded', tests.person('{b2chat_id@contacts:M1:7}')) ->> 'outcome', 'created', 'an id of the contacts endpoint');
select is(tests.upsert('chat_embedded', tests.person('{b2chat_id@chats:M1:7}')) ->> 'outcome', 'created', 'is not the same id of the chats endpoint');

select * from finish();
rollback;
