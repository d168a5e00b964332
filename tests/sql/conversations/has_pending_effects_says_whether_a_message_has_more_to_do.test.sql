begin;
select plan(7);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
select is((tests.conversation('psid:P1')).has_pending_effects, false, 'not at first');
select tests.deliver(tests.chat('P1', tests.status('m2', 'delivered', 3)));
select is((tests.conversation('psid:P1')).has_pending_effects, true, 'a status came before its message');
select tests.deliver(tests.chat('P1', tests.said('m3', 4)));
select is((tests.conversation('psid:P1')).has_pending_effects, true, 'another message changes nothing');
select tests.deliver(tests.chat('P1', tests.sent('m2', 2)));
select is((tests.conversation('psid:P1')).has_pending_effects, false, 'its message does');
select is((tests.message('m2')).status, 'delivered', 'on the fast path, the status is applied');
insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by) values (tests.workspace_id(), (tests.conversation('psid:P1')).id, 'x', 'human');
select is((tests.conversation('psid:P1')).has_pending_effects, false, 'a human''s tag has no pending effect');
update crm.conversation_tags set set_by = 'ai' where workspace_id = tests.workspace_id();
select is((tests.conversation('psid:P1')).has_pending_effects, true, 'the AI''s tag has one');

select * from finish();
rollback;
