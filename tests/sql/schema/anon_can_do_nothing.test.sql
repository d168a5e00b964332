begin;
select plan(6);

select tests.furnish_acme();

select is(has_schema_privilege('anon', 'crm', 'usage') or has_schema_privilege('anon', 'crm', 'create'), false, 'I22: anon has no right on schema crm');

select is_empty($$
  select c.relname
  from pg_class c
  where c.relnamespace in ('crm'::regnamespace, 'crm_private'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and (has_table_privilege('anon', c.oid, 'select,insert,update,delete,truncate,references,trigger')
      or has_any_column_privilege('anon', c.oid, 'select,insert,update,references'))
$$, 'I22: anon has no right on any table, view or column');

select is_empty($$
  select c.relname
  from pg_class c
  where c.relnamespace in ('crm'::regnamespace, 'crm_private'::regnamespace)
    and case when c.relkind = 'S' then has_sequence_privilege('anon', c.oid, 'usage,select,update') end
$$, 'I22: anon has no right on any sequence');

-- The catalog says so; now it is tried.
create temporary table attempts as
select format('select from crm.%I', c.relname) as statement
from pg_class c where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p', 'v')
union all
select format(s.statement, c.relname)
from pg_class c
cross join (values ('delete from crm.%I'), ('insert into crm.%I default values')) s (statement)
where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p')
union all
select m.call from tests.member_functions() m
union all
select 'select crm.schema_version()';
create temporary table outcomes (statement text, state text);

do $$
declare
  v_statement text;
  v_state text;
begin
  for v_statement in select a.statement from attempts a loop
    v_state := 'done';
    begin
      perform tests.as_anon();
      execute v_statement;
    exception when others then
      v_state := sqlstate;
    end;
    perform tests.clear_authentication();
    insert into outcomes values (v_statement, v_state);
  end loop;
end $$;

select is((select count(*) from outcomes), (select count(*) from attempts), 'everything was tried');
select isnt_empty('select from outcomes', 'and that is something');
select is_empty($$ select o.statement, o.state from outcomes o where o.state <> '42501' $$, 'I22: anon is refused everything');

select * from finish();
rollback;
