begin;
select plan(2);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.sent('m1', 1)));
select tests.deliver(jsonb_build_object('thread_id', 't1', 'events', jsonb_build_array(tests.watermark('read', 5))));
select is((tests.message('m1')).status, 'sent', 'before, nobody knows that the read is about this message');
select tests.deliver(tests.chat('P1') || '{"thread_id": "t1"}');
select is((tests.message('m1')).status, 'read', 'after the bridge, its message is read');

select * from finish();
rollback;
