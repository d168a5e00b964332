begin;
select plan(4);

select tests.furnish_acme();
delete from crm.conversations v where v.workspace_id = tests.workspace_id() and v.contact_id is null;
set constraints all immediate;
set constraints all deferred;
select tests.deliver('{"thread_id": "t1", "participant": {"full_name": "María", "identities": []}}'::jsonb || jsonb_build_object('events', jsonb_build_array(tests.said('m7', 7, 'Hola'), tests.sent('m8', 8, 'Buenas'))));
select tests.deliver(tests.chat('P9', tests.said('m9', 9)));
delete from crm.contacts c where c.id = (tests.contact('psid:P9')).id;
update crm.conversations v set created_at = now() - interval '3 days' where v.id = (tests.conversation('t1')).id;

select tests.authenticate_as('viewer@acme.test');
select results_eq($$ select o.channel, o.account, o.full_name, o.thread_ids::text collate "default", o.participant_keys::text collate "default", o.last_message_at, o.last_direction, o.last_body from crm.orphaned_conversations o $$,
  $$ values ('messenger', 'Acme''s page', null::text, null::text, '{psid:P9}', tests.moment(9), 'inbound', 'Hola'),
    ('messenger', 'Acme''s page', 'María', '{t1}', null, tests.moment(8), 'outbound', 'Buenas') $$, 'one that lost its contact, and one that names nobody');
select is((select o.participant from crm.orphaned_conversations o where o.full_name = 'María'), '{"full_name": "María", "identities": []}', 'the participant as delivered');
select is((select o.since from crm.orphaned_conversations o where o.full_name = 'María'), now() - interval '3 days', 'since when');
select tests.authenticate_as('outsider@other.test');
select is_empty('select * from crm.orphaned_conversations', 'members of others see none');

select * from finish();
rollback;
