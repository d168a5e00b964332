-- Blanks that came along when it was copied, and letters in another case, are no reason to refuse.
begin;
select plan(9);

select tests.create_acme();
create temporary table merchant as select tests.create_merchant() as id;

select is(crm.update_channel_account(m.id, jsonb_build_object(c.name, c.given)) -> c.name, to_jsonb(c.kept), c.description)
from merchant m cross join (values
  ('time_zone', 'America/Bogota', 'America/Bogota', 'a time zone'),
  ('time_zone', 'america/bogota', 'America/Bogota', 'in small letters'),
  ('time_zone', '  AMERICA/MEXICO_CITY ', 'America/Mexico_City', 'in capitals, between blanks'),
  ('time_zone', E'Etc/GMT+5\n', 'Etc/GMT+5', 'with a line break behind it'),
  ('time_zone', 'utc', 'UTC', 'UTC'),
  ('sync_from', '2024-02-29', '2024-02-29', 'a day'),
  ('sync_from', E' 2026-01-31\t', '2026-01-31', 'a day between blanks')
) c (name, given, kept, description);

select is(crm.update_channel_account(tests.account_id('pgtap-number'), jsonb_build_object('business_id', U&'\00A0105512345678901234 ')),
  '{"business_id": "105512345678901234"}', 'an id between blanks, one of them a hard one');
select is(crm.update_channel_account(tests.account_id('pgtap-number'), jsonb_build_object('business_id', repeat('9', 256))) ->> 'business_id',
  repeat('9', 256), 'an id of 256 characters');

select * from finish();
rollback;
