-- I6: an id that was merged away stands for whom it was merged into.
begin;
select plan(9);

select tests.create_acme();
select tests.deliver(tests.chat('A', tests.said('a1', 1)), tests.chat('B', tests.said('b1', 1)), tests.chat('C', tests.said('c1', 1)), tests.chat('D', tests.said('d1', 1)));
create temporary table ids as select (tests.contact('psid:A')).id as a, (tests.contact('psid:B')).id as b, (tests.contact('psid:C')).id as c, (tests.contact('psid:D')).id as d;

select crm.merge_contacts(i.a, i.b, 'B is A') from ids i;
select crm.merge_contacts(i.c, i.a, 'A is C') from ids i;
select is(crm_private.surviving_contact(tests.workspace_id(), i.b), i.c, 'I6: B, merged into A, merged into C, is C') from ids i;
select is((tests.contact('psid:' || n.name)).id, i.c, format('I6: the identity of %s leads to C', n.name)) from ids i, (values ('A'), ('B'), ('C')) n (name);
select is(tests.count_of('conversations', format('contact_id = %L', i.c)), 3, 'I6: the conversations are C''s') from ids i;

-- B names a contact that is history: whom it was merged into is merged.
select lives_ok(format('select crm.merge_contacts(%L, %L, %L)', i.d, i.b, 'B is D'), 'I6: a duplicate that was merged away is followed') from ids i;
select is((tests.contact('psid:C')).id, i.d, 'I6: to its survivor') from ids i;
select is((select array_agg(m.duplicate_id order by m.merged_at) from crm.contact_merges m where m.workspace_id = tests.workspace_id()), array[i.b, i.a, i.c],
  'I23: every merge names the two that it merged') from ids i;

select tests.deliver(tests.chat('E', tests.said('e1', 1)));
select crm.merge_contacts(i.b, (tests.contact('psid:E')).id, 'E is B') from ids i;
select is((tests.contact('psid:E')).id, i.d, 'I6: a survivor that was merged away is followed too') from ids i;

select * from finish();
rollback;
