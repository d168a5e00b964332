begin;
select plan(4);

select tests.furnish_acme();

create temporary table relations as
select c.relname::text as name, case when c.relname = 'workspaces' then 'id' else 'workspace_id' end as workspace_column
from pg_class c
where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p', 'v', 'm');
create temporary table seen (who text, relation text, own bigint, total bigint);

do $$
declare
  v_acme uuid := tests.workspace_id();
  v_who text;
  v_relation record;
  v_own bigint;
  v_total bigint;
begin
  foreach v_who in array array['viewer@acme.test', 'outsider@other.test'] loop
    for v_relation in select * from relations loop
      perform tests.authenticate_as(v_who);
      execute format('select count(*) filter (where t.%I = $1), count(*) filter (where t.%1$I is not null) from crm.%I t',
        v_relation.workspace_column, v_relation.name)
      into v_own, v_total using v_acme;
      perform tests.clear_authentication();
      insert into seen values (v_who, v_relation.name, v_own, v_total);
    end loop;
  end loop;
end $$;

select is_empty($$
  select s.relation from seen s where s.who = 'viewer@acme.test' and s.own = 0
$$, 'a viewer sees something in every table and view (a new one needs a row from tests.furnish_acme)');
select is_empty($$
  select s.relation, s.own, s.total from seen s where s.who = 'viewer@acme.test' and s.total <> s.own
$$, 'I22: a viewer sees nothing of any other workspace');
select is_empty($$
  select s.relation, s.own from seen s where s.who = 'outsider@other.test' and s.own > 0
$$, 'I22: a member of another workspace sees nothing of this one');

select tests.create_user('nobody@nowhere.test');
select tests.authenticate_as('nobody@nowhere.test');
select is_empty('select id from crm.workspaces', 'I22: who is a member of nothing sees no workspace');

select * from finish();
rollback;
