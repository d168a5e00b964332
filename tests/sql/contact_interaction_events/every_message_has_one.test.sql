-- I10: in the same transaction, on both paths.
begin;
select plan(4);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1), tests.sent('m2', 2)), tests.chat('P2', tests.said('n1', 1)));
select tests.deliver(tests.chat('P1', tests.said('m3', 3)));
select tests.deliver(tests.chat('P1', tests.sent('m4', 4)));
select is(tests.count_of('messages'), 5, 'five messages');
select is_empty($$
  select m.provider_message_id
  from crm.messages m
  left join crm.contact_interaction_events e on e.workspace_id = m.workspace_id and e.message_id = m.id and e.event_type = 'message'
  where m.workspace_id = tests.workspace_id()
    and (e.event_key, e.conversation_id, e.occurred_at, e.provider_message_id)
      is distinct from ('message:' || m.provider_message_id, m.conversation_id, m.sent_at, m.provider_message_id)
$$, 'I10: each has its event');
select is_empty($$
  select from crm.contact_interaction_events e join crm.conversations v on v.workspace_id = e.workspace_id and v.id = e.conversation_id
  where v.workspace_id = tests.workspace_id() and e.contact_id is distinct from v.contact_id
$$, 'which is its conversation''s contact''s');
select is_empty($$
  select from crm.messages m join crm.contact_interaction_events e on e.workspace_id = m.workspace_id and e.message_id = m.id
  where m.workspace_id = tests.workspace_id() and m.xmin <> e.xmin
$$, 'I10: written by the same transaction');

select * from finish();
rollback;
