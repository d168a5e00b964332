-- I11: a status and its message that came at the same moment through two conversations of one person.
begin;
select plan(15);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.sent('m1', 1)), tests.chat('P2', tests.status('m2', 'read', 2)));
select tests.deliver(tests.chat('P1', tests.sent('m3', 3)));
-- What such a race leaves: the event waits in one conversation, the message is in the other.
insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, provider_message_id, event_type, event_key, occurred_at, payload)
select v.workspace_id, v.channel_account_id, v.id, v.contact_id, e.message, e.type, e.key, tests.moment(3), e.payload::jsonb
from tests.conversation('psid:P2') v,
  (values ('m1', 'status', 'status:m1:delivered', '{}'), ('m3', 'edit', 'edit:m3:1', '{"text": "Buenos días"}')) e (message, type, key, payload);
update crm.conversations v set has_pending_effects = true where v.id = (tests.conversation('psid:P2')).id;

select results_eq('select * from crm.reconcile_contacts(tests.workspace_id())', 'values (0, 0, 0, 0, false)', 'it is no matter of contacts');
select is((tests.message('m1')).status, 'delivered', 'I11: the status is applied');
select is((tests.message('m3')).body, 'Buenos días', 'I11: so is the edit');
select is((select e.message_id from crm.contact_interaction_events e where e.event_key = 'status:m1:delivered' and e.workspace_id = tests.workspace_id()), (tests.message('m1')).id, 'the event is tied to its message');
select is((select e.message_id from crm.contact_interaction_events e where e.event_key = 'status:m2:read' and e.workspace_id = tests.workspace_id()), null, 'one whose message is not there waits on');
select is((tests.conversation('psid:P2')).has_pending_effects, true, 'and its conversation says so');
select tests.writes_nothing('select * from crm.reconcile_contacts(tests.workspace_id())', 'then there is nothing to do');
select tests.deliver(tests.chat('P2', tests.sent('m2', 1)));
select is((tests.message('m2')).status, 'read', 'the message that comes finds what waits');
select is((tests.conversation('psid:P2')).has_pending_effects, false, 'and nothing waits any more');

-- What was looked at long ago is not looked at again: its message would have found it.
insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, provider_message_id, event_type, event_key, occurred_at, created_at)
select v.workspace_id, v.channel_account_id, v.id, v.contact_id, e.message, 'status', e.key, tests.moment(4), now() - e.age
from tests.conversation('psid:P2') v, (values ('m3', 'status:m3:read', interval '2 hours'), ('m1', 'status:m1:failed', interval '30 minutes')) e (message, key, age);
select isnt((select s.high_watermark from crm.sync_state s where s.workspace_id = tests.workspace_id() and s.resource = 'reconcile'), null, 'the watermark is kept');
select lives_ok('select * from crm.reconcile_contacts(tests.workspace_id())', 'the next pass');
select is((select e.message_id from crm.contact_interaction_events e where e.event_key = 'status:m1:failed' and e.workspace_id = tests.workspace_id()), (tests.message('m1')).id, 'sees what is younger than the watermark less an hour');
select is((select e.message_id from crm.contact_interaction_events e where e.event_key = 'status:m3:read' and e.workspace_id = tests.workspace_id()), null, 'and not what is older');
delete from crm.sync_state s where s.workspace_id = tests.workspace_id() and s.resource = 'reconcile';
select lives_ok('select * from crm.reconcile_contacts(tests.workspace_id())', 'without the watermark, everything is looked at');
select is((tests.message('m3')).status, 'read', 'that too');

select * from finish();
rollback;
