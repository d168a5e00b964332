begin;
select plan(17);

select tests.create_acme();
select tests.create_merchant('{"time_zone": "America/Bogota"}');
update crm.channel_accounts a set created_at = '2026-01-01 00:00:00+00' where a.external_id = 'pgtap-merchant';
select tests.land('chats', tests.b2chat_chat('c1', '{"id": 8001, "name": "Ana", "mobile_number": "+573001112233", "phone_number": "6021234567", "email": "",
    "identification": "1010", "custom_attributes": [{"name": "Zona", "value": "Norte"}], "tags": [{"name": "VIP"}]}',
  jsonb_build_object('provider', 'WHATSAPPB2CHAT', 'department', 'Ventas', 'agent', '{"name": "Laura", "username": "laura", "email": "laura@x.co"}'::jsonb,
    'picked_up_at', '2026-01-02 11:20:00', 'messages', jsonb_build_array(
      tests.b2chat_message('demo', '2026-01-02 11:17:19'),
      tests.b2chat_message('https://x.co/1.jpg', '2026-01-02 11:17:40', '{"type": "IMAGE", "caption": "foto"}'),
      tests.b2chat_message(null, '2026-01-02 11:17:41', '{"type": "LOCATION", "location": {"latitude": 4.6, "longitude": -74}}'),
      tests.b2chat_message('Oferta', '2026-01-02 11:18:00', '{"incoming": false, "broadcasted": true}')))));
select is(tests.transform('chats'), '{"processed": 1, "created": 1}', 'a chat becomes a conversation');

create temporary table ana as select (tests.contact('b2chat_id:8001')).*;
select is(tests.identities_of(a.workspace_id, a.id), '["b2chat_id@chats:pgtap-merchant:8001", "identification@:1010", "phone@:+573001112233"]',
  'of a person with these ids') from ana a;
select is((a.full_name, a.mobile, a.landline), ('Ana'::text, '+573001112233'::text, '6021234567'::text), 'and fields') from ana a;
select is((a.custom_attributes, a.tags), ('{"Zona": "Norte"}'::jsonb, '["VIP"]'::jsonb), 'and more of them') from ana a;
select is(a.sync_source, 'chat_embedded', 'a stub') from ana a;
create temporary table said as select m.*, row_number() over (order by m.sent_at) as n from crm.messages m where m.conversation_id = (tests.conversation('c1')).id;
select is((tests.conversation('c1')).contact_id, a.id, 'the conversation is the person''s') from ana a;
select is((select array_agg(s.direction order by s.n) from said s), '{inbound,inbound,inbound,outbound}', 'its messages go both ways');
select is((select s.sent_at from said s where s.n = 1), '2026-01-02 16:17:19+00', 'at times read in the account''s zone; one may be older than the chat');
select is((select s.body from said s where s.n = 1), 'demo', 'a text is a text');
select is((select s.body from said s where s.n = 2), 'foto', 'a caption is the text of a picture');
select is((select s.attachments from said s where s.n = 2), '[{"type": "image", "url": "https://x.co/1.jpg", "caption": "foto"}]', 'whose link is an attachment');
select is((select (s.body, s.attachments) from said s where s.n = 3), (null::text, '[{"type": "location", "latitude": 4.6, "longitude": -74}]'::jsonb), 'a place is one too');
select is((select s.payload from said s where s.n = 4), '{"broadcasted": true}', 'a broadcast says so');
select is((tests.conversation('c1')).unread_count, 3, 'what came in is unread');
select is((select (e.occurred_at, e.payload) from crm.contact_interaction_events e where e.event_type = 'chat_state' and e.contact_id = a.id),
  (timestamptz '2026-01-02 16:20:00+00', jsonb_build_object('status', 'OPENED', 'department', 'Ventas', 'provider', 'WHATSAPPB2CHAT',
    'agent', '{"name": "Laura", "username": "laura", "email": "laura@x.co"}'::jsonb)), 'agent and department are an event') from ana a;
select is((select count(*)::int from crm.contact_interaction_events e where e.conversation_id = (tests.conversation('c1')).id and e.event_type = 'message'), 4, 'I10: and so is each message');
select ok((select bool_and(s.provider_message_id ~ '^b2chat:[0-9a-f]{64}$' and s.attachments is not null) from said s), 'with an id made of what it is');

select * from finish();
rollback;
