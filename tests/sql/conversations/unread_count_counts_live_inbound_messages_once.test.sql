begin;
select plan(4);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2), tests.sent('m3', 3), tests.said('m4', 4, 'Old', '{"is_history": true}'), tests.happened('postback', 5, 'm5')));
select is((tests.conversation('psid:P1')).unread_count, 2, 'live inbound messages');
select tests.deliver(tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2)), tests.chat('P1', tests.said('m6', 6), tests.said('m6', 6)));
select is((tests.conversation('psid:P1')).unread_count, 3, 'each once');
select tests.deliver(tests.chat('P1', tests.said('m4', 4, 'Old')));
select is((tests.conversation('psid:P1')).unread_count, 4, 'a message from history that also comes live is unread');
select tests.deliver(tests.chat('P1', tests.said('m4', 4, 'Old', '{"is_history": true}')));
select is((tests.conversation('psid:P1')).unread_count, 4, 'and stays so once');

select * from finish();
rollback;
