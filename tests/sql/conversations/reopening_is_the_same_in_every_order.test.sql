begin;
select plan(1);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)));
update crm.conversations set status = 'closed', status_changed_at = tests.moment(100), unread_count = 0 where id = (tests.conversation('psid:P1')).id;
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 99)), tests.chat('P1', tests.said('m2', 101)), tests.general_path(tests.chat('P1', tests.said('m3', 102), tests.sent('m4', 103)))
], $$ (select (v.status, v.unread_count) = ('open', 3) from tests.conversation('psid:P1') v) $$, 'three deliveries after it was closed, one of them late');

select * from finish();
rollback;
