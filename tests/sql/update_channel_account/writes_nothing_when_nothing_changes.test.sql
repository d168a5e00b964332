begin;
select plan(6);

select tests.create_acme();
select tests.create_merchant('{"time_zone": "America/Bogota"}');
select tests.writes_nothing($$ select crm.update_channel_account(tests.account_id('pgtap-merchant')) $$, 'nothing asked for');
select tests.writes_nothing($$ select crm.update_channel_account(tests.account_id('pgtap-merchant'), '{"time_zone": "america/bogota "}') $$, 'the same time zone');
select tests.writes_nothing($$ select crm.update_channel_account(tests.account_id('pgtap-merchant'), '{"sync_from": null}') $$, 'nothing to remove');
select tests.writes_nothing($$ select crm.update_channel_account(tests.account_id('pgtap-merchant'), '{}', 'Acme''s merchant ', true) $$, 'the same name');
-- Lest this could not fail: a change does write.
create temporary table before as select tests.tuples_written() as written;
select is(crm.update_channel_account(tests.account_id('pgtap-merchant'), '{"sync_from": "2026-01-31"}') ->> 'sync_from', '2026-01-31', 'a change');
select isnt(tests.tuples_written(), b.written, 'writes') from before b;

select * from finish();
rollback;
