begin;
select plan(4);

select tests.create_acme();
select tests.deliver(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana"}'), tests.said('m1', 1), tests.sent('m2', 5, 'A la orden')));
select tests.deliver(tests.chat('P1', tests.status('m2', 'read', 6), tests.said('m0', 0, 'Late')));
select tests.deliver('{"thread_id": "t9", "participant": {"full_name": "Nobody", "identities": []}, "events": []}');
select crm.update_conversation(v.id, v.version, '{"tags_add": ["vip"]}') from tests.conversation('psid:P1') v;
select results_eq($$
  select b.channel, b.account, b.full_name, b.is_stub, b.status, b.unread_count, b.last_message_at, b.last_inbound_at, b.last_direction, b.last_body, b.last_status, b.last_is_unsent, b.tags, b.version
  from crm.inbox b where b.contact_id = (tests.contact('psid:P1')).id
$$, $$
  select 'messenger', 'Acme''s page', 'Ana', true, 'open', 2, tests.moment(5), tests.moment(1), 'outbound', 'A la orden', 'read', false, '[{"tag": "vip", "set_by": "human"}]'::jsonb,
    (tests.conversation('psid:P1')).version
$$, 'one row of a conversation with its contact');
select results_eq($$ select b.full_name, b.is_stub, b.contact_id, b.last_body from crm.inbox b where b.conversation_id = (tests.conversation('t9')).id $$,
  $$ values ('Nobody', false, null::uuid, null::text) $$, 'an orphan goes by the name it was delivered with');
select is(tests.count_of('inbox'), 2, 'one row per conversation');
select tests.upsert('contacts_api', tests.person('{psid@pgtap-page:P1}', '{"full_name": "Ana Ruiz"}'));
select results_eq($$ select b.full_name, b.is_stub from crm.inbox b where b.contact_id = (tests.contact('psid:P1')).id $$, $$ values ('Ana Ruiz', false) $$, 'a stub that was upgraded is none');

select * from finish();
rollback;
