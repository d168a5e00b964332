-- I14: bounded calls, each going on where the last one stopped.
begin;
select plan(15);

select tests.create_acme();
create temporary table done (call int, fixed int, has_more boolean);
-- Seven that name nobody, and five that could be linked if the value were not blocked.
insert into crm.blocked_identity_values (workspace_id, kind, pattern) values (tests.workspace_id(), 'psid', 'P.*');
select tests.deliver(variadic array(
  select jsonb_build_object('thread_id', 't' || n, 'participant', tests.person(case when n <= 5 then array['psid:P' || n] else '{}' end, '{"full_name": "Ana"}'), 'events', '[]'::jsonb)
  from generate_series(1, 12) n));
delete from crm.blocked_identity_values b where b.workspace_id = tests.workspace_id();

create function pg_temp.run(p_limit int) returns int language plpgsql as $$
declare
  v_call int := 0;
  v_row record;
begin
  truncate done;
  loop
    v_call := v_call + 1;
    select r.* into v_row from crm.reconcile_contacts(tests.workspace_id(), p_limit => p_limit) r;
    insert into done values (v_call, v_row.orphaned_conversations_fixed, v_row.has_more);
    exit when not v_row.has_more or v_call > 50;
  end loop;
  return v_call;
end $$;

select is(pg_temp.run(5), 3, 'twelve orphans, five a call: three calls');
select is((select array_agg(d.has_more order by d.call) from done d), '{t,t,f}', 'has_more says whether to call again');
select is((select sum(d.fixed)::int from done d), 5, 'each that can be linked was, once');
select cmp_ok((select max(d.fixed) from done d), '<=', 5, 'no call did more than its limit');
select is(tests.count_of('conversations', 'contact_id is null'), 7, 'the others are left');
select is((select s.cursor from crm.sync_state s where s.workspace_id = tests.workspace_id() and s.resource = 'reconcile'), '{}', 'at the end the cursor starts over');
select is(pg_temp.run(5), 2, 'the next pass sees the seven again');
select is((select sum(d.fixed)::int from done d), 0, 'in vain');
select tests.writes_nothing($$ select * from crm.reconcile_contacts(tests.workspace_id()) $$, 'a pass that fits into one call keeps no cursor');

-- Whatever there is to look at counts: candidates and events too.
select tests.upsert('contacts_api', tests.person(array['identification:A' || n, 'email:a@x.co'])) from generate_series(1, 4) n;
select tests.deliver(tests.chat('P1', tests.status('m1', 'read', 1)), tests.chat('P1', tests.status('m2', 'read', 1)));
select is(tests.count_of('merge_candidates', $$status = 'open'$$), 3, 'three candidates');
select is(pg_temp.run(1), 13, 'seven orphans, three candidates, two events, one a call, and one that finds no more');
select is((select r.has_more from crm.reconcile_contacts(tests.workspace_id(), p_limit => 8) r), true, 'eight rows: seven orphans and a candidate');
select is((select s.cursor ->> 'step' from crm.sync_state s where s.workspace_id = tests.workspace_id() and s.resource = 'reconcile'), 'candidates', 'where the next call goes on');
select is((select (r.merge_candidates_found, r.has_more)::text from crm.reconcile_contacts(tests.workspace_id(), p_limit => 2000) r), '(3,f)', 'the rest in one call');
select is((select count(*)::int from crm.sync_state s where s.workspace_id = tests.workspace_id()), 1, 'one row of state');

select * from finish();
rollback;
