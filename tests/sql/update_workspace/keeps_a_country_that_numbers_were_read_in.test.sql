-- A number without a country code is another one in another country: who gave it would not be found again.
begin;
select plan(21);

create function pg_temp.change(p_slug text, p_country text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  perform crm.update_workspace(tests.workspace_id(p_slug), '{}', p_default_country => p_country);
  return 'changed';
exception when sqlstate 'PT409' then
  get stacked diagnostics v_detail = pg_exception_detail;
  return concat_ws(' ', v_detail::jsonb ->> 'code', v_detail::jsonb ->> 'setting', v_detail::jsonb ->> 'identities');
end $$;
-- A workspace of its own for each try.
create function pg_temp.try(p_country text, p_to text, p_person jsonb) returns text language plpgsql as $$
declare
  v_slug text := 'pgtap-' || md5(random()::text);
begin
  perform tests.create_workspace(v_slug, p_country);
  perform crm.upsert_contact(tests.workspace_id(v_slug), 'contacts_api', p_person);
  return pg_temp.change(v_slug, p_to);
end $$;

select is(pg_temp.try('CO', 'MX', t.person), t.outcome, t.description)
from (values
  ('{"email": "ana@x.co"}'::jsonb, 'changed', 'nobody has a number'),
  ('{"mobile": "+57 300 111 2233"}', 'changed', 'a mobile with its country code'),
  ('{"phone": "+57 (300) 111-2233"}', 'changed', 'a phone with it'),
  ('{"mobile": "300 111 2233"}', 'setting_in_use default_country 1', 'a mobile without it'),
  ('{"phone": "3001112233"}', 'setting_in_use default_country 1', 'a phone without it'),
  ('{"mobile": "57 300 111 2233"}', 'setting_in_use default_country 1', 'a country code without a +: it was told by the country'),
  ('{"mobile": "009 52 55 1234 5678"}', 'setting_in_use default_country 1', 'what is dialled in the country before a number of elsewhere'),
  ('{"mobile": "+52 55 1234 5678"}', 'changed', 'a number of elsewhere'),
  ('{"mobile": "no tiene", "email": "ana@x.co"}', 'changed', 'a word for a number'),
  ('{"landline": "601 555 1234", "email": "ana@x.co"}', 'changed', 'a landline, which is no identity'),
  ('{"wa_id": "573001112233"}', 'changed', 'a WhatsApp number has its country code'),
  ('{"identities": [{"kind": "wa_id", "value": "573001112233"}, {"kind": "phone", "value": "3001112233"}]}', 'changed', 'a number that a wa_id has as well'),
  ('{"wa_id": "573001112233", "mobile": "300 111 2233"}', 'setting_in_use default_country 1', 'and that a field gives without its country code'),
  ('{"identities": [{"kind": "phone", "value": "3001112233"}]}', 'setting_in_use default_country 1', 'a number listed without it'),
  ('{"identities": [{"kind": "phone", "value": "+573001112233"}]}', 'setting_in_use default_country 1', 'a number listed with it: how it was written is not kept')
) t (person, outcome, description);

select is(pg_temp.try('US', 'CA', '{"mobile": "202 555 0123"}'), 'changed', 'to a country that reads the number alike');
select is(pg_temp.try('MX', 'CO', '{"wa_id": "5215512345678"}'), 'changed', 'a WhatsApp number in Mexico''s older notation');

select tests.create_workspace('pgtap-acme');
select tests.upsert('contacts_api', '{"mobile": "300 111 2233"}'), tests.upsert('contacts_api', '{"mobile": "300 111 2244"}');
select is(pg_temp.change('pgtap-acme', 'MX'), 'setting_in_use default_country 2', 'the numbers are counted');
select is((select w.default_country from crm.workspaces w where w.id = tests.workspace_id()), 'CO', 'nothing was written');
select is(pg_temp.change('pgtap-acme', 'CO'), 'changed', 'the same country is no change');
select lives_ok($$ select crm.update_workspace(tests.workspace_id(), '{}', 'Acme') $$, 'the name may change');

select * from finish();
rollback;
