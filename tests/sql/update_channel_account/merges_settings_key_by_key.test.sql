begin;
select plan(12);

select tests.create_acme();
create temporary table merchant as select tests.create_merchant() as id;

select is(crm.update_channel_account(m.id, '{"time_zone": "America/Bogota", "sync_from": "2026-01-31"}'),
  '{"time_zone": "America/Bogota", "sync_from": "2026-01-31"}', 'returns the settings as they are then') from merchant m;
select is(crm.update_channel_account(m.id, '{"shared_contact_ids": true}'),
  '{"time_zone": "America/Bogota", "sync_from": "2026-01-31", "shared_contact_ids": true}', 'a key that is not named stays') from merchant m;
select is(crm.update_channel_account(m.id, '{"sync_from": "2026-02-28"}') ->> 'sync_from', '2026-02-28', 'a key that is named changes') from merchant m;
select is(crm.update_channel_account(m.id, '{"sync_from": null, "time_zone": "UTC"}'), '{"time_zone": "UTC", "shared_contact_ids": true}',
  'null removes one') from merchant m;
select is(crm.update_channel_account(m.id, '{"sync_from": null}'), '{"time_zone": "UTC", "shared_contact_ids": true}',
  'null for one that is not set removes nothing') from merchant m;
select is(crm.update_channel_account(m.id), '{"time_zone": "UTC", "shared_contact_ids": true}', 'no settings leave all as they are') from merchant m;
select is(crm.update_channel_account(m.id, null, null, null), '{"time_zone": "UTC", "shared_contact_ids": true}', 'and so does null') from merchant m;

select results_eq($$ select a.display_name, a.is_active from merchant m join crm.channel_accounts a on a.id = m.id $$,
  $$ values ('Acme''s merchant', true) $$, 'name and activity are as they were');
select is(crm.update_channel_account(m.id, p_display_name => '  Orders ', p_is_active => false), '{"time_zone": "UTC", "shared_contact_ids": true}',
  'they change without the settings') from merchant m;
select results_eq($$ select a.display_name, a.is_active, a.settings ->> 'time_zone' from merchant m join crm.channel_accounts a on a.id = m.id $$,
  $$ values ('Orders', false, 'UTC') $$, 'the name without blanks around it');

-- What somebody wrote past the function, with a typing error.
update crm.channel_accounts a set settings = a.settings || '{"timezone": "UTC"}' from merchant m where a.id = m.id;
select is(crm.update_channel_account(m.id, '{"shared_contact_ids": null}') ->> 'timezone', 'UTC', 'a key that is unknown and set stays') from merchant m;
select is(crm.update_channel_account(m.id, '{"timezone": null}'), '{"time_zone": "UTC"}', 'and can be removed') from merchant m;

select * from finish();
rollback;
