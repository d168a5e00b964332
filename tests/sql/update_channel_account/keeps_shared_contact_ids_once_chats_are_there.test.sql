-- The setting says in which scope the contact ids of chats are stored.
begin;
select plan(11);

select tests.create_acme();
select tests.create_merchant();
create function pg_temp.change(p_settings jsonb) returns text language plpgsql as $$
declare
  v_detail text;
begin
  return crm.update_channel_account(tests.account_id('pgtap-merchant'), p_settings)::text;
exception when sqlstate 'PT409' then
  get stacked diagnostics v_detail = pg_exception_detail;
  return concat_ws(' ', v_detail::jsonb ->> 'code', v_detail::jsonb ->> 'setting', v_detail::jsonb ->> 'identities');
end $$;

select is(pg_temp.change('{"shared_contact_ids": true}'), '{"shared_contact_ids": true}', 'set before anything was read');
select is(pg_temp.change('{"shared_contact_ids": false}'), '{"shared_contact_ids": false}', 'and taken back');

select tests.land('contacts', tests.b2chat_contact(901)), tests.transform('contacts');
select is(pg_temp.change('{"shared_contact_ids": true}'), '{"shared_contact_ids": true}', 'set while only the contacts were read');
select is(pg_temp.change('{"shared_contact_ids": null}'), '{}', 'and removed');

select tests.land('chats', tests.b2chat_chat('c1', '{"id": 5501, "name": "Ana"}')), tests.transform('chats');
select is(pg_temp.change('{"shared_contact_ids": true}'), 'setting_in_use shared_contact_ids 1', 'refused once a chat named somebody by an id of its own');
select is(pg_temp.change('{"shared_contact_ids": false}'), '{"shared_contact_ids": false}', 'what holds anyway may be said');
select is(pg_temp.change('{"sync_from": "2026-01-31"}'), '{"sync_from": "2026-01-31", "shared_contact_ids": false}', 'the others may change');

-- The other way round, at another merchant.
select crm.connect_channel(tests.workspace_id(), 'b2chat', 'pgtap-sharing', 'Sharing');
select is(crm.update_channel_account(tests.account_id('pgtap-sharing'), '{"shared_contact_ids": true}'), '{"shared_contact_ids": true}', 'a merchant that shares');
select crm.land_raw_records(tests.account_id('pgtap-sharing'), 'chats', jsonb_build_array(tests.b2chat_chat('c2', '{"id": 5502, "name": "Leo"}'))), tests.transform('chats');
select is((select count(*)::int from crm.contact_identities i where i.scope = 'contacts:pgtap-sharing'), 1, 'whose chat names somebody');
select tests.throws_code($$ select crm.update_channel_account(tests.account_id('pgtap-sharing'), '{"shared_contact_ids": null}') $$,
  'PT409', 'setting_in_use', 'keeps the setting');
select is((select a.settings from crm.channel_accounts a where a.external_id = 'pgtap-sharing'), '{"shared_contact_ids": true}', 'nothing was written');

select * from finish();
rollback;
