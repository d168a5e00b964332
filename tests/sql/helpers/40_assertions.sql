-- Assertions.

-- How many tuples this transaction has written so far, by table of schema crm.
create or replace function tests.tuples_written() returns jsonb
language plpgsql volatile set search_path = '' as $$
begin
  return (
    select jsonb_object_agg(s.relname, jsonb_build_array(s.n_tup_ins, s.n_tup_upd, s.n_tup_del))
    from pg_catalog.pg_stat_xact_user_tables s
    where s.schemaname = 'crm'
  );
end $$;

-- Passes when the statement inserts, updates and deletes no tuple of schema crm.
create or replace function tests.writes_nothing(p_sql text, p_description text) returns text
language plpgsql as $$
declare
  v_before jsonb := tests.tuples_written();
  v_after jsonb;
begin
  execute p_sql;
  v_after := tests.tuples_written();
  return extensions.is(v_after, v_before, p_description);
end $$;

-- Every order of 1 to p_count.
create or replace function tests.orders(p_count int) returns setof int[]
language sql immutable set search_path = '' as $$
  with recursive orders as (
    select array[]::int[] as places
    union all
    select o.places || n.n from orders o cross join generate_series(1, p_count) n (n) where n.n <> all (o.places)
  )
  select o.places from orders o where cardinality(o.places) = p_count order by o.places
$$;

-- One delivery into workspace pgtap-acme: `{"source", "contact"}` is upserted, an array of items or one item goes to the account.
create or replace function tests.deliver_any(p_account_external_id text, p_delivery jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if p_delivery ? 'contact' then
    perform tests.upsert(p_delivery ->> 'source', p_delivery -> 'contact');
  elsif jsonb_typeof(p_delivery) = 'array' then
    perform tests.ingest(p_account_external_id, variadic array(select i.item from jsonb_array_elements(p_delivery) i (item)));
  else
    perform tests.ingest(p_account_external_id, p_delivery);
  end if;
end $$;

-- Makes the deliveries in one order and takes everything back. Returns what was left, whether the condition p_holds was true, and
-- what was written when all were made once more (which orders that begin with the last delivery try: it takes as long as the rest).
create or replace function tests.try_order(
  p_account_external_id text, p_deliveries jsonb[], p_order int[], p_holds text,
  out state jsonb, out rewritten jsonb, out holds boolean
)
language plpgsql as $$
declare
  v_place int;
  v_written jsonb;
begin
  foreach v_place in array p_order loop
    perform tests.deliver_any(p_account_external_id, p_deliveries[v_place]);
  end loop;
  state := tests.state(tests.workspace_id());
  execute 'select ' || p_holds into holds;
  if p_order[1] = cardinality(p_order) then
    v_written := tests.tuples_written();
    foreach v_place in array p_order loop
      perform tests.deliver_any(p_account_external_id, p_deliveries[v_place]);
    end loop;
    select jsonb_object_agg(w.key, w.value) into rewritten from jsonb_each(tests.tuples_written()) w where w.value <> v_written -> w.key;
  end if;
  raise sqlstate 'TT000';
exception when sqlstate 'TT000' then
  return;
end $$;

-- Passes when the deliveries leave the same state in every order, p_holds is true after each, and repeating them writes nothing.
create or replace function tests.same_in_every_order(
  p_account_external_id text, p_deliveries jsonb[], p_holds text, p_description text
)
returns text language plpgsql as $$
declare
  v_order int[];
  v_first jsonb;
  v_try record;
  v_problem text;
begin
  for v_order in select o from tests.orders(cardinality(p_deliveries)) o loop
    select t.* into v_try from tests.try_order(p_account_external_id, p_deliveries, v_order, p_holds) t;
    v_first := coalesce(v_first, v_try.state);
    v_problem := case
      when v_try.holds is distinct from true then format('in order %s this is not so: %s', v_order, p_holds)
      when v_try.state <> v_first then format(E'order %s leaves\n%s\nthe first order leaves\n%s', v_order, jsonb_pretty(v_try.state), jsonb_pretty(v_first))
      when v_try.rewritten is not null then format('repeating order %s writes [inserted, updated, deleted] %s', v_order, v_try.rewritten)
    end;
    exit when v_problem is not null;
  end loop;
  return extensions.ok(v_problem is null, p_description) || coalesce(E'\n' || extensions.diag(v_problem), '');
end $$;

-- Makes every insert into (or update of) a table of schema crm that the condition on `new` matches fail with this SQLSTATE.
create or replace function tests.fail_writes(p_table text, p_condition text, p_sqlstate text) returns void
language plpgsql set search_path = '' as $$
begin
  execute format($f$
    create function tests."fail with %s"() returns trigger language plpgsql set search_path = '' as
    'begin raise exception ''made to fail'' using errcode = ''%1$s''; end'$f$, p_sqlstate);
  execute format('create trigger "fail with %3$s" before insert or update on crm.%1$I for each row when (%2$s) execute function tests."fail with %3$s"()',
    p_table, p_condition, p_sqlstate);
end $$;

grant execute on all functions in schema tests to public;
