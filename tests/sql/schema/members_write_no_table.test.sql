begin;
select plan(3);

select tests.furnish_acme();

select is_empty($$
  select c.relname
  from pg_class c
  where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and (has_table_privilege('authenticated', c.oid, 'insert,update,delete,truncate,references,trigger')
      or has_any_column_privilege('authenticated', c.oid, 'insert,update,references'))
$$, 'I22: authenticated may write no table, view or column');

create temporary table attempts as
select format(s.statement, c.relname, a.attname) as statement
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum = 1
cross join (values ('delete from crm.%I'), ('insert into crm.%I default values'), ('update crm.%I set %2$I = null'), ('truncate crm.%I')) s (statement)
where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p');
create temporary table outcomes (who text, statement text, state text);

do $$
declare
  v_who text;
  v_statement text;
  v_state text;
begin
  foreach v_who in array array['viewer@acme.test', 'owner@acme.test'] loop
    for v_statement in select a.statement from attempts a loop
      v_state := 'done';
      begin
        perform tests.authenticate_as(v_who);
        execute v_statement;
      exception when others then
        v_state := sqlstate;
      end;
      perform tests.clear_authentication();
      insert into outcomes values (v_who, v_statement, v_state);
    end loop;
  end loop;
end $$;

select is((select count(*) from outcomes), 2 * (select count(*) from attempts), 'everything was tried');
select is_empty($$ select o.* from outcomes o where o.state <> '42501' $$, 'I22: neither a viewer nor an owner writes any table');

select * from finish();
rollback;
