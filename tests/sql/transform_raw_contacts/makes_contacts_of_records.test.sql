begin;
select plan(11);

select tests.create_acme();
select tests.create_merchant('{"time_zone": "America/Bogota"}');
select tests.land('contacts', tests.b2chat_contact(123, '{"fullname": " Ana Ruiz ", "identification": "1010", "email": "A@x.co", "landline": "6021234567",
  "mobile": "300 999 8877", "address": "", "country": "CO", "city": "Cali", "company": "  ", "merchant_id": 7, "created": "2020-11-09 19:10:23",
  "updated": "2026-01-25 16:24:14", "custom_attributes": [{"name": "Asesor", "value": null}, {"name": "Zona", "value": "Norte"}],
  "tags": [{"name": "VIP", "assigned_at": 1706644084}, {"name": "Alta", "assigned_at": null}]}'));
select is(tests.transform('contacts'), '{"processed": 1, "created": 1}', 'a record becomes a contact');
create temporary table ana as select (tests.contact('b2chat_id:123')).*;
select is(tests.identities_of(a.workspace_id, a.id),
  '["b2chat_id@contacts:pgtap-merchant:123", "email@:a@x.co", "identification@:1010", "phone@:+573009998877"]', 'with the ids it gives; a landline is none') from ana a;
select is((a.full_name, a.email, a.mobile, a.landline), ('Ana Ruiz'::text, 'A@x.co'::text, '300 999 8877'::text, '6021234567'::text), 'its fields') from ana a;
select is((a.city, a.country, a.merchant_id), ('Cali'::text, 'CO'::text, '7'::text), 'and more of them') from ana a;
select is((a.address, a.company), (null::text, null::text), 'a blank text is no value') from ana a;
select is(a.custom_attributes, '{"Zona": "Norte"}', 'custom attributes by name, where they have a value') from ana a;
select is(a.tags, '["Alta", "VIP"]', 'tags by name') from ana a;
select is(a.source_created_at, '2020-11-10 00:10:23+00', 'times are read in the account''s time zone') from ana a;
select is(a.source_updated_at, '2026-01-25 21:24:14+00', 'the last update too') from ana a;
select is(a.field_sources -> 'full_name', jsonb_build_object('source', 'contacts_api', 'at', timestamptz '2026-01-25 21:24:14+00', 'delivery',
  'b2chat:pgtap-merchant:contact:123'), 'I23: each field says where it came from') from ana a;
select is((select r.status from crm.raw_records r where r.external_id = '123'), 'done', 'the record is done');

select * from finish();
rollback;
