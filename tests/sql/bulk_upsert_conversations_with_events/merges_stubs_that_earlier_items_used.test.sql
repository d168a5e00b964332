-- I5: a bridge late in a page must not leave an earlier item with a contact that is gone.
begin;
select plan(6);

select tests.create_acme();
create temporary table result as select tests.ingest('pgtap-number',
  tests.item(tests.person('{wa_id:573001112233}'), tests.said('w1', 1)),
  tests.item(tests.person('{bsuid:CO.1}'), tests.said('w2', 2)),
  tests.item(tests.person('{wa_id:573001112233,bsuid:CO.1}'), tests.said('w3', 3))) as r;
select is((select count(distinct x ->> 'contact_id')::int from result, jsonb_array_elements(r) x), 1, 'I5: all three answers name one contact');
select is((select count(distinct x ->> 'conversation_id')::int from result, jsonb_array_elements(r) x), 1, 'and one conversation');
select is(tests.count_of('conversations'), 1, 'the only one');
select is_empty($$
  select from crm.conversations v join crm.contacts c on c.workspace_id = v.workspace_id and c.id = v.contact_id
  where v.workspace_id = tests.workspace_id() and c.merged_into_id is not null
$$, 'I5: nothing is left on a contact that was merged away');

-- Three conversations of one person, who is bridged by what is no key of a conversation.
create temporary table second as select tests.ingest('pgtap-number',
  tests.item(tests.person('{wa_id:573009998877,phone:+573009998877}'), tests.said('x1', 1)),
  tests.item(tests.person('{bsuid:CO.2,email:a@x.co}'), tests.said('x2', 2)),
  tests.item(tests.person('{bsuid:CO.3,phone:+573009998877,email:a@x.co}'), tests.said('x3', 3))) as r;
select is((select count(distinct x ->> 'contact_id')::int || ' ' || count(distinct x ->> 'conversation_id') from second, jsonb_array_elements(r) x), '1 3', 'I5: one contact with three conversations');
select is_empty($$
  select from crm.contact_interaction_events v join crm.contacts c on c.workspace_id = v.workspace_id and c.id = v.contact_id
  where v.workspace_id = tests.workspace_id() and c.merged_into_id is not null
$$, 'I5: and every event is the survivor''s');

select * from finish();
rollback;
