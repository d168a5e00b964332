-- I22
begin;
select plan(5);

select tests.furnish_acme();
create function pg_temp.as_member(p_email text) returns text language plpgsql as $$
declare
  v_result text := 'removed';
begin
  perform tests.authenticate_as(p_email);
  begin
    perform crm.remove_member(tests.workspace_id(), tests.user_id('viewer@acme.test'));
  exception when sqlstate 'PT403' then
    v_result := 'forbidden';
  end;
  perform tests.clear_authentication();
  return v_result;
end $$;

select is(pg_temp.as_member(w.who), 'forbidden', 'I22: not for ' || w.who)
from unnest(array['viewer@acme.test', 'agent@acme.test', 'admin@acme.test', 'outsider@other.test']) w (who);
select is(pg_temp.as_member('owner@acme.test'), 'removed', 'for an owner');

select * from finish();
rollback;
