begin;
select plan(2);

select tests.furnish_acme();
insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by, set_at)
values (tests.workspace_id(), (tests.conversation('psid:P1')).id, 'hot', 'ai', tests.moment(1));
select crm.update_conversation(v.id, v.version, '{"tags_add": ["hot"]}') from tests.conversation('psid:P1') v;
select tests.deliver(tests.chat('P1', tests.said('m9', 9)));
select is((select t.set_by from crm.conversation_tags t where t.tag = 'hot' and t.workspace_id = tests.workspace_id()), 'human', 'a tag that a person confirmed stays');
select is((tests.conversation('psid:P1')).has_pending_effects, false, 'and leaves no effect pending');

select * from finish();
rollback;
