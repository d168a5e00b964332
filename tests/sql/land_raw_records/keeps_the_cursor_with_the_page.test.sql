-- I14
begin;
select plan(6);

select tests.create_acme();
select tests.create_merchant();
create function pg_temp.land(p_entity text, p_cursor jsonb) returns void language sql as $$
  select crm.land_raw_records(tests.account_id('pgtap-merchant'), p_entity, '[]', '[]', 'pgtap', null, p_cursor)
$$;
select is(crm.sync_cursor(tests.workspace_id(), 'pgtap'), null, 'before the first page there is none');
select pg_temp.land('contacts', '{"window": "2026-01-01", "offset": 3, "moved": true}');
select pg_temp.land('chats', '{"window": "2026-01-05"}');
select pg_temp.land('contacts', '{"window": "2026-01-02"}');
select is(crm.sync_cursor(tests.workspace_id(), 'pgtap'), '{"contacts": {"window": "2026-01-02"}, "chats": {"window": "2026-01-05"}}',
  'I14: each export goes on from its own last page');
select tests.writes_nothing($$ select pg_temp.land('chats', '{"window": "2026-01-05"}') $$, 'the same again writes nothing');
select pg_temp.land('chats', null);
select is(crm.sync_cursor(tests.workspace_id(), 'pgtap') -> 'chats', '{"window": "2026-01-05"}', 'a slice without a cursor leaves it');

select tests.fail_writes('sync_state', 'true', '53100');
select tests.throws_code($$ select crm.land_raw_records(tests.account_id('pgtap-merchant'), 'contacts', '[{"contact_id": 1}]', '[]', 'pgtap', null, '{}') $$,
  '53100', null, 'I14: where the cursor cannot be kept');
select is(tests.count_of('raw_records'), 0, 'I14: the page is not kept either');

select * from finish();
rollback;
