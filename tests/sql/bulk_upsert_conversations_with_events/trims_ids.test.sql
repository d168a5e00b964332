-- I1
begin;
select plan(3);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)), tests.chat(' P1 ', tests.said('m2', 2)));
select is(tests.count_of('contacts'), 1, 'I1: an id with spaces around it is the same id');
select is(tests.count_of('conversations'), 1, 'and names the same conversation');
select is((tests.conversation('psid:P1')).unread_count, 2, 'which has both messages');

select * from finish();
rollback;
