-- I10: a replay of any delivery inserts, updates and deletes no row at all.
begin;
select plan(12);

select tests.create_acme();
create temporary table deliveries as
select * from (values
  ('a new person''s message', 'pgtap-page', tests.chat('P1', tests.said('m1', 1))),
  ('a known person''s message', 'pgtap-page', tests.chat('P1', tests.said('m2', 2))),
  ('an echo with everything', 'pgtap-page', tests.chat('P1', tests.sent('m3', 3, 'Buenas', '{"attachments": [{"type": "image"}], "reply_to": "m1", "payload": {"metadata": "out:1", "n": 1.50}}'))),
  ('statuses, of a message to come too', 'pgtap-page', tests.chat('P1', tests.status('m3', 'sent', 4), tests.status('m9', 'failed', 4, '{"error": {"code": 1}}'))),
  ('watermarks', 'pgtap-page', tests.chat('P1', tests.watermark('delivery', 5), tests.watermark('read', 4))),
  ('edit, unsend and reaction', 'pgtap-page', tests.chat('P1', tests.happened('edit', 6, 'm1', '{"num_edit": 1, "text": "x"}'), tests.happened('unsend', 7, 'm2'), tests.happened('reaction', 8, 'm3', '{"emoji": "❤"}'))),
  ('a person with fields', 'pgtap-page', tests.item(tests.person('{psid:P2,phone:+573001112233}', '{"full_name": "Ana", "custom_attributes": {"size": "M"}, "tags": ["vip"]}'), tests.said('n1', 1))),
  ('an API page''s conversation', 'pgtap-page', tests.chat('P2', tests.said('n1', 1), tests.sent('n2', 2)) || jsonb_build_object('thread_id', 't2', 'updated_at', '2025-01-15T12:00:09+0000')),
  ('an orphan', 'pgtap-page', '{"thread_id": "t3", "participant": {"full_name": "Nobody", "identities": []}}'::jsonb || jsonb_build_object('events', jsonb_build_array(tests.said('o1', 1)))),
  ('history', 'pgtap-number', tests.item(tests.person('{wa_id:573001112233,bsuid:CO.1}'), tests.said('w1', 1, 'Old', '{"is_history": true}'))),
  ('bad ones', 'pgtap-page', tests.chat('P1', '{"type": "message"}', tests.said('m1', 1)))
) d (name, account, item);
select tests.ingest(d.account, d.item) from deliveries d;
select tests.writes_nothing(format('select tests.ingest(%L, %L)', d.account, d.item), 'I10: ' || d.name) from deliveries d;
select tests.writes_nothing($$ select tests.deliver(variadic array(select d.item from deliveries d where d.account = 'pgtap-page')) $$, 'I10: all of a page in one call');

select * from finish();
rollback;
