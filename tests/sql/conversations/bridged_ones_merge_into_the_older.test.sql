-- Everything of the younger conversation moves to the older one, which keeps its id.
begin;
select plan(13);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1), tests.sent('m2', 2), tests.watermark('delivery', 3)));
select tests.deliver(jsonb_build_object('thread_id', 't1', 'updated_at', tests.ms(30),
  'events', jsonb_build_array(tests.said('m3', 10), tests.sent('m4', 1.5), tests.happened('reaction', 11, 'm3'), tests.watermark('read', 1.5))));
update crm.conversations set created_at = created_at - interval '1 day' where id = (tests.conversation('t1')).id;
insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by)
values (tests.workspace_id(), (tests.conversation('psid:P1')).id, 'both', 'human'), (tests.workspace_id(), (tests.conversation('psid:P1')).id, 'young', 'human'),
  (tests.workspace_id(), (tests.conversation('t1')).id, 'both', 'ai');
create temporary table before as select tests.conversation('t1') as older, tests.conversation('psid:P1') as younger;

select tests.deliver(tests.chat('P1') || '{"thread_id": "t1"}');
select is((tests.conversation('psid:P1')).id, (b.older).id, 'the older one stays') from before b;
select is((tests.conversation('t1')).id, (b.older).id, 'and both keys lead to it') from before b;
select is_empty($$ select from crm.conversations v, before b where v.id = (b.younger).id $$, 'the younger one is gone');
select is(tests.count_of('messages', format('conversation_id = %L', (b.older).id)), 4, 'messages have moved') from before b;
select is(tests.count_of('contact_interaction_events', format('conversation_id = %L', (b.older).id)), 7, 'events have moved') from before b;
select is(tests.count_of('contact_interaction_events', format('contact_id = %L', (tests.contact('psid:P1')).id)), 7, 'I7: all are the contact''s, also those of the older one, which had none');
select is((select array_agg(t.tag || ' ' || t.set_by order by t.tag) from crm.conversation_tags t, before b where t.conversation_id = (b.older).id),
  array['both human', 'young human'], 'tags have moved, and what a person set stays a person''s');
select is((tests.conversation('t1')).unread_count, 2, 'unread messages add up');
select results_eq($$ select v.last_message_at, v.last_inbound_at, v.source_updated_at from tests.conversation('t1') v $$,
  $$ values (tests.moment(10), tests.moment(10), tests.moment(30)) $$, 'the newest times hold');
select results_eq($$ select v.delivered_watermark, v.read_watermark from tests.conversation('t1') v $$, $$ values (tests.moment(3), tests.moment(1.5)) $$, 'so do the watermarks');
select is((tests.message('m4')).status, 'read', 'which hold for the messages of both: read');
select is((tests.message('m2')).status, 'delivered', 'and delivered');
select is((tests.conversation('t1')).metadata, '{}', 'nothing is left of the participant as delivered');

select * from finish();
rollback;
