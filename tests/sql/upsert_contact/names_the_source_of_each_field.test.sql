-- I23
begin;
select plan(3);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'city', 'Cali', 'delivery', 'chat 1', 'source_updated_at', tests.ms(10))));
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana Ruiz', 'custom_attributes', '{"size": "M"}'::jsonb, 'delivery', 'record 7', 'source_updated_at', tests.ms(5))));
select is((select jsonb_object_agg(f.key, jsonb_build_array(f.value ->> 'source', (f.value ->> 'at')::timestamptz = tests.moment(case f.key when 'city' then 10 else 5 end), f.value ->> 'delivery'))
    from jsonb_each((tests.contact('email:a@x.co')).field_sources) f),
  '{"full_name": ["contacts_api", true, "record 7"], "city": ["chat_embedded", true, "chat 1"], "custom_attributes.size": ["contacts_api", true, "record 7"]}',
  'I23: who last wrote it, when by the source''s clock, from which delivery');
select results_eq($$ select i.source, i.rule, i.delivery from crm.contact_identities i where i.workspace_id = tests.workspace_id() $$, $$ values ('chat_embedded', 'created', 'chat 1') $$,
  'I23: and what brought the identity');
select tests.upsert('contacts_api', tests.person('{email:a@x.co,phone:+573001112233}', '{"delivery": "record 8"}'));
select results_eq($$ select i.source, i.rule, i.delivery from crm.contact_identities i where i.workspace_id = tests.workspace_id() and i.kind = 'phone' $$, $$ values ('contacts_api', 'attached', 'record 8') $$,
  'I23: an identity that came later says so');

select * from finish();
rollback;
