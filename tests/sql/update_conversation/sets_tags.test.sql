begin;
select plan(4);

select tests.furnish_acme();
insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by)
values (tests.workspace_id(), (tests.conversation('psid:P1')).id, 'from ai', 'ai');
select tests.authenticate_as('agent@acme.test');

select lives_ok($$
  select crm.update_conversation(v.id, v.version, '{"tags_add": [" hot ", "hot", "from ai"], "tags_remove": ["vip", "not there"]}') from tests.conversation('psid:P1') v
$$, 'tags are added and removed at once');
select results_eq($$
  select t.tag, t.set_by from crm.conversation_tags t where t.conversation_id = (tests.conversation('psid:P1')).id order by t.tag
$$, $$ values ('from ai', 'human'), ('hot', 'human') $$, 'trimmed, once each; what a person sets again is a person''s');
select lives_ok($$
  select crm.update_conversation(v.id, v.version, '{"tags_remove": ["hot", "from ai"]}') from tests.conversation('psid:P1') v
$$, 'all can be removed');
select is_empty($$ select from crm.conversation_tags t where t.conversation_id = (tests.conversation('psid:P1')).id $$, 'and are gone');

select * from finish();
rollback;
