-- I15
begin;
select plan(4);

select tests.create_acme();
select tests.create_merchant();
create temporary table bad as select * from (values
  ('{}'::jsonb, '$.contact_id'), ('{"contact_id": null}', '$.contact_id'), ('{"contact_id": " "}', '$.contact_id'), ('{"contact_id": 1.5}', '$.contact_id'),
  ('{"contact_id": -1}', '$.contact_id'), ('{"contact_id": {"id": 1}}', '$.contact_id'), ('{"contact_id": true}', '$.contact_id'),
  (jsonb_build_object('contact_id', repeat('1', 257)), '$.contact_id'), ('{"chat_id": "c1"}', '$.contact_id'),
  ('null', '$'), ('[]', '$'), ('"7"', '$')
) b (record, path);

select is(tests.land('contacts', variadic array[tests.b2chat_contact(1)] || array(select b.record from bad b) || array[tests.b2chat_contact(2)]),
  '{"landed": 2, "unchanged": 0}', 'I15: the others land');
select is((select l.landed from crm.land_raw_records(tests.account_id('pgtap-merchant'), 'contacts', '[]',
  '[{"reason": "malformed", "path": "$.contacts[3]", "item": 9}, {"item": 10}]') l), 0, 'the translation sets aside some of its own');
select set_eq($$ select d.item, d.reason, d.path, d.channel, d.account_external_id from crm.dead_letters d where d.workspace_id = tests.workspace_id() $$,
  $$ select b.record, 'malformed' as reason, b.path, 'b2chat' as channel, 'pgtap-merchant' as account from bad b
     union all values ('9'::jsonb, 'malformed', '$.contacts[3]', 'b2chat', 'pgtap-merchant'), ('10', 'rejected', null, 'b2chat', 'pgtap-merchant') $$,
  'I15: each is a dead letter, as it was');
select tests.writes_nothing($$ select tests.land('contacts', variadic array(select b.record from bad b)) $$, 'I15: the same again are no new ones');

select * from finish();
rollback;
