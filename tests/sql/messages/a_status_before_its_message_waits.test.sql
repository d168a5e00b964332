-- I11
begin;
select plan(6);

select tests.create_acme();
select is((select (r #>> '{0,events_inserted}', r #>> '{0,error}')::text from tests.deliver(tests.chat('P1', tests.status('m1', 'delivered', 3))) r), '(1,)', 'I11: it is kept as an event');
select is((select (e.message_id, e.provider_message_id, e.event_key)::text from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id()), '(,m1,status:m1:delivered)',
  'I11: that names the message');
select tests.deliver(tests.chat('P1', tests.sent('m1', 1)));
select is((tests.message('m1')).status, 'delivered', 'I11: and is applied when the message comes');
select is((select e.message_id from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() and e.event_type = 'status'), (tests.message('m1')).id, 'I11: to which it is tied');
select tests.deliver(tests.chat('P1', tests.happened('reaction', 5, 'm2')), tests.chat('P1', tests.said('m2', 4)));
select is((select e.message_id from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() and e.event_type = 'reaction'), (tests.message('m2')).id, 'so is a reaction');
select is_empty($$ select from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() and e.message_id is null $$, 'nothing waits any more');

select * from finish();
rollback;
