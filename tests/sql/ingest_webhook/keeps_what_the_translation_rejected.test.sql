-- I15
begin;
select plan(3);

select tests.create_acme();
select crm.ingest_webhook('whatsapp', 'pgtap-number', '[]', '[{"reason": "pending_support", "path": "$.entry[0]", "item": {"x": 1}}, {"path": "$.y", "item": null}, "odd"]');
select set_eq($$ select d.reason, d.path, d.item, d.channel, d.account_external_id from crm.dead_letters d where d.workspace_id = tests.workspace_id() $$,
  $$ values ('pending_support', '$.entry[0]', '{"x": 1}'::jsonb, 'whatsapp', 'pgtap-number'), ('rejected', '$.y', 'null', 'whatsapp', 'pgtap-number'), ('rejected', null, '"odd"', 'whatsapp', 'pgtap-number') $$,
  'I15: each with its reason and path');
select tests.writes_nothing($$ select crm.ingest_webhook('whatsapp', 'pgtap-number', '[]', '[{"reason": "pending_support", "path": "$.entry[0]", "item": {"x": 1}}]') $$, 'I15: again, it writes nothing');
select is((select array_agg(d.channel_account_id) from crm.dead_letters d where d.workspace_id = tests.workspace_id() and d.channel_account_id <> tests.account_id('pgtap-number')), null, 'all are the account''s');

select * from finish();
rollback;
