begin;
select plan(4);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)));
select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 1, 'Hola')), tests.chat('P1', tests.happened('edit', 5, 'm1', '{"num_edit": 1, "text": "Hola!"}')),
  tests.chat('P1', tests.happened('edit', 4, 'm1', '{"num_edit": 2, "text": "Oi"}')), tests.chat('P1', tests.said('m1', 1, 'Hola a todos ustedes'))
], $$ (select (m.body, m.edit_count) = ('Oi', 2) from tests.message('m1') m) $$, 'the last edit''s text, in any order, before the message, and whatever copies say');

select tests.same_in_every_order('pgtap-page', array[
  tests.chat('P1', tests.said('m1', 1, 'Hola')), tests.chat('P1', tests.happened('edit', 5, 'm1', '{"text": "five"}')), tests.chat('P1', tests.happened('edit', 4, 'm1', '{"text": "four, and longer"}'))
], $$ (tests.message('m1')).body = 'five' $$, 'without a number, by their time');

select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
select tests.deliver(tests.chat('P1', variadic array(select tests.happened('edit', 5, 'm1', jsonb_build_object('num_edit', n, 'text', 'edit ' || n)) from generate_series(1, 5) n)));
select is((select array_agg(e.event_key order by e.event_key) from crm.contact_interaction_events e where e.workspace_id = tests.workspace_id() and e.event_type = 'edit'),
  array['edit:m1:1', 'edit:m1:2', 'edit:m1:3', 'edit:m1:4', 'edit:m1:5'], 'five edits in one second are all kept');
select is((tests.message('m1')).body, 'edit 5', 'the fifth is the text');

select * from finish();
rollback;
