-- I6: B was merged into A, then A into C: what B brought is C's, and only C can give it back to A.
begin;
select plan(12);

select tests.create_acme();
select tests.deliver(tests.chat('A', tests.said('a1', 1)), tests.chat('B', tests.said('b1', 1)), tests.chat('C', tests.said('c1', 1)), tests.chat('D', tests.said('d1', 1)));
create temporary table ids as select (tests.contact('psid:A')).id as a, (tests.contact('psid:B')).id as b, (tests.contact('psid:C')).id as c, (tests.contact('psid:D')).id as d;
create temporary table before as select tests.state(tests.workspace_id()) -> 'contacts' as contacts;
create temporary table merges as select tests.merge('psid:A', 'psid:B') as first, null::uuid as second, null::uuid as third;
update merges set second = tests.merge('psid:C', 'psid:A');
select is((tests.contact('psid:B')).id, i.c, 'the ids of B are followed to C') from ids i;
select is((tests.conversation('psid:B')).contact_id, i.c, 'and so is its conversation') from ids i;
update merges set third = tests.merge('psid:D', 'psid:C');

select tests.throws_code(format('select crm.unmerge_contacts(%L)', m.first), 'PT409', 'merged_again', 'I6: the first merge lies under the others') from merges m;
create function pg_temp.refusal(p_merge_id uuid) returns jsonb language plpgsql as $$
declare
  v_detail text;
  v_hint text;
begin
  perform crm.unmerge_contacts(p_merge_id);
  return null;
exception when sqlstate 'PT409' then
  get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
  return v_detail::jsonb || jsonb_build_object('hint', v_hint);
end $$;
select is(pg_temp.refusal(m.first) - 'code', jsonb_build_object('merge_id', m.third, 'hint', format('Undo merge %s first.', m.third)),
  'and is told which goes first: the last of the chain') from merges m;
select is(pg_temp.refusal(m.second) ->> 'merge_id', m.third::text, 'the second one too') from merges m;

select lives_ok(format('select crm.unmerge_contacts(%L)', m.third), 'I6: the last one is undone') from merges m;
select is(pg_temp.refusal(m.first) ->> 'merge_id', m.second::text, 'then the one before is the last') from merges m;
select crm.unmerge_contacts(m.second) from merges m;
select is((tests.contact('psid:B')).id, i.a, 'I6: A has back what B brought') from ids i;
select crm.unmerge_contacts(m.first) from merges m;
select is(tests.state(tests.workspace_id()) -> 'contacts', b.contacts, 'I6: all are who they were') from before b;
select is(array[(tests.conversation('psid:A')).contact_id, (tests.conversation('psid:B')).contact_id, (tests.conversation('psid:C')).contact_id, (tests.conversation('psid:D')).contact_id],
  array[i.a, i.b, i.c, i.d], 'I6: and so are their conversations') from ids i;
select tests.throws_code(format('select crm.unmerge_contacts(%L)', m.first), 'PT409', 'already_undone', 'I6: twice is once') from merges m;
select tests.throws_code('select crm.unmerge_contacts(gen_random_uuid())', 'PT404', 'not_found', 'there is no such merge');

select * from finish();
rollback;
