begin;
select plan(10);

-- Two workspaces with the same people: four orphans each, two of which can be linked.
select tests.create_acme();
select crm.connect_channel(tests.create_workspace('pgtap-other'), 'messenger', 'pgtap-other-page', 'Other');
insert into crm.blocked_identity_values (workspace_id, kind, pattern) values (null, 'psid', 'P.*');
select tests.ingest(a.name, variadic array(
  select jsonb_build_object('thread_id', 't' || n, 'participant', tests.person(case when n <= 2 then array['psid:P' || n] else '{}' end), 'events', '[]'::jsonb)
  from generate_series(1, 4) n)) from unnest('{pgtap-page,pgtap-other-page}'::text[]) a (name);
delete from crm.blocked_identity_values b where b.pattern = 'P.*';
create temporary view left_over as
select w.slug, count(*) filter (where v.contact_id is null)::int as orphans, count(distinct v.contact_id)::int as contacts
from crm.conversations v join crm.workspaces w on w.id = v.workspace_id where w.slug like 'pgtap-%' group by 1;

select is((select r.orphaned_conversations_fixed from crm.reconcile_contacts(tests.workspace_id()) r), 2, 'one workspace');
select results_eq('select * from left_over order by 1', $$ values ('pgtap-acme', 2, 2), ('pgtap-other', 4, 0) $$, 'leaves the other alone');

create function pg_temp.round(out calls int, out fixed int) language plpgsql as $$
declare
  v_row record;
begin
  calls := 0;
  fixed := 0;
  loop
    calls := calls + 1;
    select r.* into v_row from crm.reconcile_contacts(p_limit => 3) r;
    fixed := fixed + v_row.orphaned_conversations_fixed;
    exit when not v_row.has_more or calls > 50;
  end loop;
end $$;
-- Those that name nobody must not keep the round from the next workspace.
select is((select r::text from pg_temp.round() r), '(3,2)', 'all workspaces, three rows a call: six rows in three calls, the last of which finds the end');
select results_eq('select * from left_over order by 1', $$ values ('pgtap-acme', 2, 2), ('pgtap-other', 2, 2) $$, 'the other''s are linked');
select is((select count(*)::int from crm.contacts c join crm.workspaces w on w.id = c.workspace_id where w.slug like 'pgtap-%'), 4, 'to contacts of its own: the same psid is two contacts');
select is((select count(*)::int from crm.sync_state s where s.resource = 'reconcile:all'), 0, 'the round is over');
select is((select r::text from pg_temp.round() r), '(2,0)', 'and the next one ends too');
select tests.writes_nothing('select * from crm.reconcile_contacts()', 'in one call it writes nothing');

update crm.contacts c set created_at = now() - interval '8 days' where c.workspace_id = tests.workspace_id();
select is((select r.stale_stubs_found from crm.reconcile_contacts(tests.workspace_id('pgtap-other')) r), 0, 'stubs of another workspace are not counted');
select is((select r.stale_stubs_found from crm.reconcile_contacts() r), 2, 'without a workspace all are');

select * from finish();
rollback;
