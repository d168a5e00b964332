-- I22
begin;
select plan(7);

select tests.furnish_acme();
create function pg_temp.as_member(p_email text) returns text language plpgsql as $$
declare
  v_result text;
begin
  perform tests.authenticate_as(p_email);
  begin
    v_result := crm.update_channel_account(tests.account_id('pgtap-merchant'), '{"sync_from": "2026-01-31"}')::text;
  exception when sqlstate 'PT403' then
    v_result := 'forbidden';
  end;
  perform tests.clear_authentication();
  return v_result;
end $$;

select is(pg_temp.as_member(w.who), 'forbidden', 'I22: not for ' || w.who)
from unnest(array['viewer@acme.test', 'agent@acme.test', 'outsider@other.test']) w (who);
select is((select a.settings from crm.channel_accounts a where a.external_id = 'pgtap-merchant'), '{}', 'nothing has changed');
select is(pg_temp.as_member(w.who), '{"sync_from": "2026-01-31"}', 'for ' || w.who) from unnest(array['admin@acme.test', 'owner@acme.test']) w (who);

select tests.authenticate_as('outsider@other.test');
select tests.throws_code(format('select crm.update_channel_account(%L, p_workspace_id => %L)', tests.account_id('pgtap-page'), tests.workspace_id('pgtap-other')),
  'PT403', 'forbidden', 'I22: naming a workspace of one''s own opens no account of another');
select tests.clear_authentication();

select * from finish();
rollback;
