begin;
select plan(9);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 1)));
-- Closed at second 100, by the clock of the messages.
create function pg_temp.close() returns void language sql as $$
  update crm.conversations set status = 'closed', status_changed_at = tests.moment(100), unread_count = 0 where id = (tests.conversation('psid:P1')).id
$$;
create function pg_temp.state() returns text language sql as $$ select v.status || ' ' || v.unread_count from tests.conversation('psid:P1') v $$;

select pg_temp.close();
select tests.deliver(tests.chat('P1', tests.sent('m1', 101)));
select is(pg_temp.state(), 'closed 0', 'what we send does not open it');
select tests.deliver(tests.chat('P1', tests.said('m2', 99)));
select is(pg_temp.state(), 'closed 1', 'a message from before it was closed counts as unread and does not open it');
select tests.deliver(tests.general_path(tests.chat('P1', tests.said('m3', 99.5))));
select is(pg_temp.state(), 'closed 2', 'on the general path either');
select tests.deliver(tests.chat('P1', tests.said('m4', 102, 'Old', '{"is_history": true}')));
select is(pg_temp.state(), 'closed 2', 'history neither opens it nor is unread');
select tests.deliver(tests.chat('P1', tests.happened('reaction', 103, 'm1')));
select is(pg_temp.state(), 'closed 2', 'nor does a reaction');
select tests.deliver(tests.chat('P1', tests.said('m5', 104)));
select is(pg_temp.state(), 'open 3', 'a message from after it was closed opens it');
select pg_temp.close();
select tests.deliver(tests.chat('P1', tests.said('m5', 104)));
select is(pg_temp.state(), 'closed 0', 'its replay does not');
select tests.deliver(tests.general_path(tests.chat('P1', tests.said('m6', 105))));
select is(pg_temp.state(), 'open 1', 'a new one opens it on the general path too');

update crm.conversations set status = 'pending' where id = (tests.conversation('psid:P1')).id;
select tests.deliver(tests.chat('P1', tests.said('m7', 106)));
select is(pg_temp.state(), 'pending 2', 'a pending one stays pending');

select * from finish();
rollback;
