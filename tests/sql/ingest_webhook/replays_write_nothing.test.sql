-- I10
begin;
select plan(2);

select tests.create_acme();
create temporary table webhook as select jsonb_build_array(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana"}'), tests.said('m1', 1), '7'), '7'::jsonb, tests.chat('P2', tests.said('n1', 1))) as items;
select i.* from webhook w, lateral crm.ingest_webhook('messenger', 'pgtap-page', w.items, '[{"reason": "malformed", "path": "$", "item": 1}]') i;
select tests.writes_nothing($$ select i.* from webhook w, lateral crm.ingest_webhook('messenger', 'pgtap-page', w.items, '[{"reason": "malformed", "path": "$", "item": 1}]') i $$,
  'I10: a provider''s retry of a whole webhook');
select is((select array[i.received, i.duplicates, i.failed] from webhook w, lateral crm.ingest_webhook('messenger', 'pgtap-page', w.items) i), array[4, 2, 2], 'and it is told so');

select * from finish();
rollback;
