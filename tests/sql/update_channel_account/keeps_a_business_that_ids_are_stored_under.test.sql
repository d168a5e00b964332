-- A user id is stored in the scope of its business. Under another one the person would not be found again.
begin;
select plan(19);

select tests.create_acme();
create function pg_temp.change(p_business_id text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  perform crm.update_channel_account(tests.account_id('pgtap-number'), jsonb_build_object('business_id', p_business_id));
  return 'changed';
exception when sqlstate 'PT409' then
  get stacked diagnostics v_detail = pg_exception_detail;
  return concat_ws(' ', v_detail::jsonb ->> 'code', v_detail::jsonb ->> 'setting', v_detail::jsonb ->> 'identities');
end $$;
create function pg_temp.wrote(p_id text, variadic p_identities text[]) returns void language sql as $$
  select tests.ingest('pgtap-number', tests.item(tests.person(p_identities), tests.said(p_id, 1)))
$$;

select is(pg_temp.change('B1'), 'changed', 'set before anybody wrote');
select is(pg_temp.change('B2'), 'changed', 'and corrected');
select is(pg_temp.change(null), 'changed', 'and removed');

select pg_temp.wrote('m1', 'wa_id:573001112233');
select is(pg_temp.change('B1'), 'changed', 'set while people are known by their numbers alone: those have no scope');
select is(pg_temp.change(null), 'changed', 'and removed');

-- The parser gives the WABA as scope.
select pg_temp.wrote('m2', 'wa_id:573001112233', 'bsuid@WABA:CO.1'), pg_temp.wrote('m3', 'bsuid@WABA:CO.2');
select is(pg_temp.change('B1'), 'setting_in_use business_id 2', 'refused once ids are stored under the WABA, with their number');
select is((select a.settings from crm.channel_accounts a where a.external_id = 'pgtap-number'), '{}', 'nothing was written');
select is(pg_temp.change(null), 'changed', 'no change is none');
select is(pg_temp.change('WABA'), 'changed', 'set to what the ids are stored under');
select is(pg_temp.change('B1'), 'setting_in_use business_id 2', 'refused from there on');
select is(pg_temp.change(null), 'setting_in_use business_id 2', 'removing it as well: what deliveries give is unknown');
select is(pg_temp.change(' WABA '), 'changed', 'the same once more is no change');
select lives_ok($$ select crm.update_channel_account(tests.account_id('pgtap-number'), '{}', 'Renamed', false) $$, 'everything else may change');

-- Another number, which shares the business or not, is judged by who wrote to it.
select crm.connect_channel(tests.workspace_id(), 'whatsapp', 'pgtap-second', 'Second');
select is(crm.update_channel_account(tests.account_id('pgtap-second'), '{"business_id": "WABA"}') ->> 'business_id', 'WABA', 'a second number of the business');
select is(crm.update_channel_account(tests.account_id('pgtap-second'), '{"business_id": "B9"}') ->> 'business_id', 'B9', 'may leave it while nobody wrote to it');

-- Whose id is known in the new scope as well is found there.
select tests.upsert('contacts_api', tests.person(array['bsuid@B1:CO.1', 'bsuid@WABA:CO.1'])), tests.upsert('contacts_api', tests.person(array['bsuid@B1:CO.2', 'bsuid@WABA:CO.2']));
select is(pg_temp.change('B1'), 'changed', 'a change to a scope in which all of them are known');

-- The count stops at a thousand.
select tests.ingest('pgtap-second', variadic (select array_agg(tests.item(tests.person(array['bsuid:MX.' || n]))) from generate_series(1, 500) n)),
  tests.ingest('pgtap-second', variadic (select array_agg(tests.item(tests.person(array['bsuid:MX.' || n]))) from generate_series(501, 1000) n)),
  tests.ingest('pgtap-second', variadic (select array_agg(tests.item(tests.person(array['bsuid:MX.' || n]))) from generate_series(1001, 1002) n));
create temporary table refusal (detail jsonb, hint text);
do $$
declare
  v_detail text;
  v_hint text;
begin
  perform crm.update_channel_account(tests.account_id('pgtap-second'), '{"business_id": "B1"}');
exception when sqlstate 'PT409' then
  get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
  insert into refusal values (v_detail::jsonb, v_hint);
end $$;
select is(r.detail, '{"code": "setting_in_use", "setting": "business_id", "identities": 1000}', 'of 1,002 ids 1,000 are counted') from refusal r;
select isnt(r.hint, '', 'and it says what to do') from refusal r;
select is((select count(*)::int from refusal), 1, 'once');

select * from finish();
rollback;
