-- The 24 hours in which we may answer count from here.
begin;
select plan(6);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 10, 'Old', '{"is_history": true}'), tests.sent('m2', 20)));
select results_eq($$ select v.last_inbound_at, v.last_message_at, v.unread_count from tests.conversation('psid:P1') v $$,
  $$ values (null::timestamptz, tests.moment(20), 0) $$, 'history and what we send open no window');
select tests.deliver(tests.chat('P1', tests.said('m3', 15)));
select is((tests.conversation('psid:P1')).last_inbound_at, tests.moment(15), 'a message does');
select tests.deliver(tests.chat('P1', tests.happened('postback', 30, 'm4', '{"payload": "QUOTE"}')));
select is((tests.conversation('psid:P1')).last_inbound_at, tests.moment(30), 'so does a postback');
select tests.deliver(tests.chat('P1', tests.said('m5', 25)));
select is((tests.conversation('psid:P1')).last_inbound_at, tests.moment(30), 'a late message does not move it back');
select tests.deliver(tests.chat('P1', tests.happened('reaction', 40, 'm2'), tests.watermark('read', 50)));
select is((tests.conversation('psid:P1')).last_inbound_at, tests.moment(30), 'a reaction or a read does not count');
select is((tests.conversation('psid:P1')).last_message_at, tests.moment(25), 'nor does any of them count as a message');

select * from finish();
rollback;
