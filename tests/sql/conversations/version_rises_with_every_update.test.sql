-- I12
begin;
select plan(6);

select tests.create_acme();
select is(tests.deliver(tests.chat('P1', tests.said('m1', 1))) #> '{0,version}', '1', 'I12: a new conversation has version 1');
select is(tests.deliver(tests.chat('P1', tests.said('m2', 2))) #> '{0,version}', '2', 'I12: a message is an update, on the fast path');
select is(tests.deliver(tests.general_path(tests.chat('P1', tests.said('m3', 3)))) #> '{0,version}', '3', 'I12: and on the general path');
update crm.conversations set version = 1 where id = (tests.conversation('psid:P1')).id;
select is((tests.conversation('psid:P1')).version, 4::bigint, 'I12: whatever version the update asks for');
select is(tests.deliver(tests.chat('P1', tests.said('m3', 3))) #> '{0,version}', '4', 'I12: a replay is no update');
select cmp_ok((tests.conversation('psid:P1')).updated_at, '>', (tests.conversation('psid:P1')).created_at, 'and updated_at moves');

select * from finish();
rollback;
