-- I15
begin;
select plan(21);

select tests.create_acme();
select tests.create_merchant();
create temporary table bad as select row_number() over () + 100 as id, b.* from (values
  ('{"fullname": {}}'::jsonb, '$.fullname'), ('{"email": ["a@x.co"]}', '$.email'), ('{"mobile": true}', '$.mobile'),
  ('{"identification": {}}', '$.identification'), ('{"landline": []}', '$.landline'), ('{"merchant_id": false}', '$.merchant_id'),
  ('{"updated": "soon"}', '$.updated'), ('{"updated": 1706644084}', '$.updated'), ('{"created": "2026-02-30 10:00:00"}', '$.created'),
  ('{"tags": "VIP"}', '$.tags'), ('{"tags": [{"name": "a"}, "VIP"]}', '$.tags[1]'), ('{"tags": [{"assigned_at": 1}]}', '$.tags[0].name'),
  ('{"custom_attributes": {"Asesor": true}}', '$.custom_attributes'), ('{"custom_attributes": [null]}', '$.custom_attributes[0]'),
  ('{"custom_attributes": [{"name": 7, "value": 1}]}', '$.custom_attributes[0].name'),
  (jsonb_build_object('fullname', repeat('x', 4001)), '$.fullname'),
  (jsonb_build_object('custom_attributes', jsonb_build_array(jsonb_build_object('name', 'a', 'value', repeat('x', 1048576)))), '$.custom_attributes')
) b (fields, path);

select tests.land('contacts', variadic array[tests.b2chat_contact(1, '{"email": 42, "mobile": 573001112233}')]
  || array(select tests.b2chat_contact(b.id::int, b.fields) from bad b) || array[tests.b2chat_contact(2)]);
select is(tests.transform('contacts'), '{"processed": 19, "created": 2, "failed": 17}', 'I15: the others go on');
select is((select r.error ->> 'path' from crm.raw_records r where r.workspace_id = tests.workspace_id() and r.external_id = b.id::text), b.path,
  'I15: ' || left(b.fields::text, 60)) from bad b;
select is((tests.contact('b2chat_id:1')).mobile, '573001112233', 'a number in a text''s place is as good as one');
select is(tests.count_of('contacts'), 2, 'I15: what failed left no contact');
select is(tests.count_of('raw_records', 't.status = ''failed'' and t.attempts = 1 and t.error ->> ''message'' <> '''''), 17, 'I15: each says why');

select * from finish();
rollback;
