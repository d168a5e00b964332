begin;
select plan(4);

select tests.furnish_acme();

create temporary table outcomes (who text, name text, state text, code text);
do $$
declare
  v_who text;
  v_function record;
  v_detail text;
  v_state text;
begin
  foreach v_who in array array['outsider@other.test', 'viewer@acme.test', 'agent@acme.test', 'admin@acme.test', 'signed out'] loop
    for v_function in select * from tests.member_functions() loop
      v_state := 'done';
      v_detail := null;
      begin
        if v_who = 'signed out' then
          perform set_config('request.jwt.claims', '{"role": "authenticated"}', true), set_config('role', 'authenticated', true);
        else
          perform tests.authenticate_as(v_who);
        end if;
        execute v_function.call;
      exception when others then
        get stacked diagnostics v_state = returned_sqlstate, v_detail = pg_exception_detail;
      end;
      perform tests.clear_authentication();
      insert into outcomes values (v_who, v_function.name, v_state, case when v_detail like '{%' then v_detail::jsonb ->> 'code' end);
    end loop;
  end loop;
end $$;

select is_empty($$
  select o.* from outcomes o where o.who = 'outsider@other.test' and (o.state, o.code) is distinct from ('PT403', 'forbidden')
$$, 'I22: an owner of another workspace is forbidden every function, whatever the other arguments are');
select is_empty($$
  select o.* from outcomes o where o.who = 'signed out' and (o.state, o.code) is distinct from ('PT401', 'unauthenticated')
$$, 'I22: who is not signed in is told so by every function');
select is_empty($$
  select o.who, o.name, o.state
  from outcomes o
  join tests.member_functions() m on m.name = o.name
  where o.who like '%@acme.test'
    and (o.state = 'PT403') <> (array_position(array['viewer', 'agent', 'admin', 'owner'], split_part(o.who, '@', 1))
      < array_position(array['viewer', 'agent', 'admin', 'owner'], m.least_role))
$$, 'I22: a member is forbidden exactly the functions that need a higher role');
select is((select count(*)::int from outcomes), 5 * (select count(*)::int from tests.member_functions()), 'everything was tried');

select * from finish();
rollback;
