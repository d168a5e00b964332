-- I3, I4: a missing or placeholder name is no value.
begin;
select plan(22);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', 'Ana', 'city', 'Cali',
  'tags', '["vip"]'::jsonb, 'custom_attributes', '{"size": "M"}'::jsonb, 'source_updated_at', tests.ms(10))));
create temporary table placeholders as
select * from (values (null), (''), ('  '), ('Unknown'), ('FACEBOOK USER'), ('Sin nombre'), ('+57 300 111-2233'), ('...'), ('null')) n (name);
select is(tests.upsert('chat_embedded', tests.person('{email:a@x.co}', jsonb_build_object('full_name', p.name, 'source_updated_at', tests.ms(20)))) ->> 'outcome',
  'unchanged', format('a chat says %L', p.name))
from placeholders p;
select tests.upsert('contacts_api', tests.person('{email:a@x.co}'));
select is(tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('full_name', p.name))) ->> 'outcome', 'unchanged', format('the API says %L', p.name))
from placeholders p;
select tests.upsert('contacts_api', tests.person('{email:a@x.co}', jsonb_build_object('city', null, 'tags', '[]'::jsonb, 'custom_attributes', '{"size": null}'::jsonb,
  'source_updated_at', tests.ms(30))));
select is((tests.contact('email:a@x.co')).full_name, 'Ana', 'the name stays');
select is((tests.contact('email:a@x.co')).city, 'Cali', 'null erases no text');
select is((tests.contact('email:a@x.co')).tags, '["vip"]', 'nor do empty tags');
select is((tests.contact('email:a@x.co')).custom_attributes, '{"size": "M"}', 'nor does a null custom attribute');

select * from finish();
rollback;
