-- I10
begin;
select plan(3);

select tests.create_acme();
create temporary table records as select s.source, tests.person('{psid@one:P1,email:a@x.co,phone:+573001112233}', jsonb_build_object('full_name', 'Ana', 'city', 'Cali',
  'tags', '["vip"]'::jsonb, 'custom_attributes', '{"size": "M", "n": 1.50}'::jsonb, 'mobile', 300, 'source_created_at', '2020-11-09T19:10:23Z', 'source_updated_at', tests.ms(10))) as contact
from (values ('chat_embedded'), ('contacts_api')) s (source);
select tests.upsert(r.source, r.contact) from records r;
select tests.writes_nothing(format('select tests.upsert(%L, %L)', r.source, r.contact), 'I10: a replay of ' || r.source) from records r;
select is((tests.contact('psid:P1')).source_created_at, '2020-11-09T19:10:23Z'::timestamptz, 'everything is there');

select * from finish();
rollback;
