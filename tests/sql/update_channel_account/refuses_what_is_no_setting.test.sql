-- What people really write. Each is refused with the path of the key, and nothing of the call is written.
begin;
select plan(44);

select tests.create_acme();
select tests.create_merchant('{"time_zone": "America/Bogota"}');

create function pg_temp.refusal(p_account text, p_settings jsonb) returns text language plpgsql as $$
declare
  v_detail text;
begin
  return crm.update_channel_account(tests.account_id(p_account), p_settings)::text;
exception when sqlstate 'PT400' then
  get stacked diagnostics v_detail = pg_exception_detail;
  return (v_detail::jsonb ->> 'code') || ' ' || left(v_detail::jsonb ->> 'path', 40);
end $$;

create temporary table tries (place serial, account text, settings jsonb, path text, description text);
insert into tries (account, settings, path, description) values
  ('pgtap-merchant', '{"timezone": "UTC"}', '$.timezone', 'a name with a typing error'),
  ('pgtap-merchant', '{"Time_Zone": "UTC"}', '$.Time_Zone', 'a name in capitals'),
  ('pgtap-merchant', '{"time_zone ": "UTC"}', '$.time_zone ', 'a name with a blank behind it'),
  ('pgtap-merchant', '{"": "UTC"}', '$.', 'a name without letters'),
  ('pgtap-merchant', '{"timezone": null}', '$.timezone', 'a name with a typing error, to be removed'),
  ('pgtap-merchant', '{"b2chat": {"time_zone": "UTC"}}', '$.b2chat', 'settings inside another one'),
  ('pgtap-merchant', '{"business_id": "B1"}', '$.business_id', 'a setting of another channel'),
  ('pgtap-number', '{"time_zone": "UTC"}', '$.time_zone', 'the other way round'),
  ('pgtap-page', '{"business_id": "B1"}', '$.business_id', 'a setting of a channel that has none'),
  ('pgtap-merchant', '{"time_zone": "UTC-5"}', '$.time_zone', 'an offset, which Postgres would read the other way round'),
  ('pgtap-merchant', '{"time_zone": "-05:00"}', '$.time_zone', 'an offset from UTC'),
  ('pgtap-merchant', '{"time_zone": "Colombia"}', '$.time_zone', 'a country'),
  ('pgtap-merchant', '{"time_zone": "America/Bogotá"}', '$.time_zone', 'a name as it is spelt in Spanish'),
  ('pgtap-merchant', '{"time_zone": "America/Bogota''; drop table x; --"}', '$.time_zone', 'a time zone and more'),
  ('pgtap-merchant', '{"time_zone": -5}', '$.time_zone', 'a number of hours'),
  ('pgtap-merchant', '{"time_zone": {"name": "UTC"}}', '$.time_zone', 'an object for a time zone'),
  ('pgtap-merchant', '{"time_zone": ["UTC"]}', '$.time_zone', 'a list for a time zone'),
  ('pgtap-merchant', '{"time_zone": ""}', '$.time_zone', 'an empty time zone'),
  ('pgtap-merchant', '{"time_zone": true}', '$.time_zone', 'true for a time zone'),
  ('pgtap-merchant', '{"sync_from": "2026-13-01"}', '$.sync_from', 'the thirteenth month'),
  ('pgtap-merchant', '{"sync_from": "2026-02-30"}', '$.sync_from', 'the thirtieth of February'),
  ('pgtap-merchant', '{"sync_from": "0000-01-01"}', '$.sync_from', 'the year nought'),
  ('pgtap-merchant', '{"sync_from": "31/01/2026"}', '$.sync_from', 'a day as it is written by hand'),
  ('pgtap-merchant', '{"sync_from": "2026-1-5"}', '$.sync_from', 'a day without its noughts'),
  ('pgtap-merchant', '{"sync_from": "2026-01-31T00:00:00Z"}', '$.sync_from', 'a time'),
  ('pgtap-merchant', '{"sync_from": "yesterday"}', '$.sync_from', 'a word that Postgres would read'),
  ('pgtap-merchant', '{"sync_from": "infinity"}', '$.sync_from', 'another one'),
  ('pgtap-merchant', '{"sync_from": 20260131}', '$.sync_from', 'a number for a day'),
  ('pgtap-merchant', '{"sync_from": ""}', '$.sync_from', 'an empty day'),
  ('pgtap-merchant', '{"shared_contact_ids": "true"}', '$.shared_contact_ids', 'true as a text'),
  ('pgtap-merchant', '{"shared_contact_ids": 1}', '$.shared_contact_ids', 'one for true'),
  ('pgtap-merchant', '{"shared_contact_ids": "yes"}', '$.shared_contact_ids', 'yes'),
  ('pgtap-number', '{"business_id": ""}', '$.business_id', 'an empty text'),
  ('pgtap-number', '{"business_id": " \t "}', '$.business_id', 'blanks'),
  ('pgtap-number', '{"business_id": 105512345678901234}', '$.business_id', 'an id as a number'),
  ('pgtap-number', jsonb_build_object('business_id', repeat('9', 257)), '$.business_id', 'a text of 257 characters'),
  ('pgtap-number', jsonb_build_object('business_id', repeat('9', 10000)), '$.business_id', 'a text of 10 kB'),
  ('pgtap-number', jsonb_build_object(repeat('x', 10000), 'B1'), '$.' || repeat('x', 38), 'a name of 10 kB'),
  ('pgtap-merchant', '[{"time_zone": "UTC"}]', '$', 'a list'),
  ('pgtap-merchant', '"time_zone"', '$', 'a text'),
  ('pgtap-merchant', 'null', '$', 'a null of JSON'),
  ('pgtap-merchant', '{"sync_from": "2026-01-31", "time_zone": "Mars"}', '$.time_zone', 'a bad setting beside a good one');

select is(pg_temp.refusal(t.account, t.settings), 'invalid_input ' || t.path, t.description) from tries t order by t.place;

select tests.throws_code(format('select crm.update_channel_account(tests.account_id(%L), p_display_name => %L)', 'pgtap-page', n.name),
  'PT400', 'invalid_input', 'a name of nothing, or too long a one') from unnest(array[repeat('x', 257)]) n (name);
select results_eq($$
  select a.external_id, a.settings, a.display_name from crm.channel_accounts a where a.workspace_id = tests.workspace_id() order by 1
$$, $$ values
  ('pgtap-merchant', '{"time_zone": "America/Bogota"}'::jsonb, 'Acme''s merchant'), ('pgtap-number', '{}', 'Acme''s number'),
  ('pgtap-page', '{}', 'Acme''s page')
$$, 'nothing was written');

select * from finish();
rollback;
