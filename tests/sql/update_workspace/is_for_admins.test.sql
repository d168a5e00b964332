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
    v_result := crm.update_workspace(tests.workspace_id(), '{}', 'Acme of ' || split_part(p_email, '@', 1))::text;
  exception when sqlstate 'PT403' then
    v_result := 'forbidden';
  end;
  perform tests.clear_authentication();
  return v_result;
end $$;

select is(pg_temp.as_member(w.who), 'forbidden', 'I22: not for ' || w.who)
from unnest(array['viewer@acme.test', 'agent@acme.test', 'outsider@other.test']) w (who);
select is((select w.name from crm.workspaces w where w.id = tests.workspace_id()), 'Pgtap-Acme', 'nothing has changed');
select is(pg_temp.as_member(w.who), '{}', 'for ' || w.who) from unnest(array['admin@acme.test', 'owner@acme.test']) w (who);
select is((select w.name from crm.workspaces w where w.id = tests.workspace_id()), 'Acme of owner', 'and it is done');

select * from finish();
rollback;
