begin;
select plan(1);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)));
insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by, set_at)
select tests.workspace_id(), (tests.conversation('psid:P1')).id, t.tag, t.set_by, tests.moment(t.at) from (values ('early', 'ai', 10), ('late', 'ai', 30), ('human', 'human', 10)) t (tag, set_by, at);
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 5)), tests.chat('P1', tests.said('m2', 20)), tests.chat('P1', tests.sent('m3', 40), tests.status('m3', 'read', 41))
], $$ (select array_agg(t.tag order by t.tag) = array['human', 'late'] from crm.conversation_tags t where t.workspace_id = tests.workspace_id()) $$,
  'what the AI set before an inbound message goes, whichever way and order it comes');

select * from finish();
rollback;
