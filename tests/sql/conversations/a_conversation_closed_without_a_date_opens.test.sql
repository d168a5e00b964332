-- Both paths must agree about a row that has no status_changed_at.
begin;
select plan(2);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('n1', 1)));
update crm.conversations set status = 'closed', status_changed_at = null where workspace_id = tests.workspace_id();
select tests.deliver(tests.chat('P1', tests.said('m2', 2)));
select is((tests.conversation('psid:P1')).status, 'open', 'on the fast path');
select tests.deliver(tests.general_path(tests.chat('P2', tests.said('n2', 2))));
select is((tests.conversation('psid:P2')).status, 'open', 'on the general path');

select * from finish();
rollback;
