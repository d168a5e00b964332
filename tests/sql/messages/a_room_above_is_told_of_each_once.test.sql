-- I9, I10: a statement trigger on messages is told of every message that is stored, once, whatever way it came, and of none again.
begin;
select plan(28);

select tests.create_acme();
select tests.create_merchant();
select tests.add_deals();
create temporary table all_told (name text);
create function pg_temp.told() returns text[] language plpgsql as $$
declare
  v_names text[] := tests.told_since('message');
begin
  insert into all_told select n from unnest(v_names) n;
  return v_names;
end $$;
create function pg_temp.number(variadic p_items jsonb[]) returns jsonb language sql as $$ select tests.ingest('pgtap-number', variadic p_items) $$;
create function pg_temp.named(p_at numeric, p_id text, p_name text default 'Ana') returns jsonb language sql as $$
  select tests.item(tests.person('{wa_id:573001112233,bsuid@W:B1}', jsonb_build_object('full_name', p_name)), tests.said(p_id, p_at))
$$;

-- The general path: people who are new.
select tests.deliver(tests.chat('P1', tests.said('new 1', 1), tests.sent('new 2', 2), tests.status('new 2', 'delivered', 3)));
select is(pg_temp.told(), '{"new 1","new 2"}', 'messages of somebody new');
select pg_temp.number(pg_temp.named(1, 'named 1'));
select is(pg_temp.told(), '{"named 1"}', 'a message of somebody new, with a name');

-- The fast path.
select tests.deliver(tests.chat('P1', tests.said('plain 1', 4)));
select is(pg_temp.told(), '{"plain 1"}', 'one plain message of a known person');
select tests.deliver(tests.chat('P1', tests.said('plain 2', 5)), tests.chat('P1', tests.said('plain 3', 6)), tests.chat('P1', tests.said('plain 4', 7)));
select is(pg_temp.told(), '{"plain 2","plain 3","plain 4"}', 'several plain ones in a call');
select pg_temp.number(pg_temp.named(2, 'named 2'));
select is(pg_temp.told(), '{"named 2"}', 'one that names a known person');
select pg_temp.number(pg_temp.named(3, 'named 3'), pg_temp.named(4, 'named 4'));
select is(pg_temp.told(), '{"named 3","named 4"}', 'several of those in a call');

-- What the fast path begins, takes back and leaves to the general one.
select tests.deliver(tests.chat('P1', tests.said('plain 5', 8)), tests.chat('P1', tests.said('plain 5', 8)), tests.chat('P1', tests.said('plain 6', 9)));
select is(pg_temp.told(), '{"plain 5","plain 6"}', 'a call with a message twice');
select tests.deliver(tests.general_path(tests.chat('P1', tests.said('long 1', 10))));
select is(pg_temp.told(), '{"long 1"}', 'one on the general path');
select tests.deliver(tests.chat('P1', tests.said('mixed 1', 11)), tests.chat('P7', tests.said('mixed 2', 12), tests.happened('reaction', 13, 'mixed 2')));
select is(pg_temp.told(), '{"mixed 1","mixed 2"}', 'a page of both');
select tests.deliver(tests.chat('P1', tests.status('late 1', 'read', 14)), tests.chat('P1', tests.sent('late 1', 13)));
select is(pg_temp.told(), '{"late 1"}', 'one that an event waited for');

-- What the tables refuse is tried item by item.
select tests.fail_writes('messages', $$new.provider_message_id = 'refused'$$, '22023');
select tests.deliver(tests.chat('P1', tests.said('good 1', 15)), tests.chat('P1', tests.said('refused', 16)), tests.chat('P8', tests.said('good 2', 17)));
select is(pg_temp.told(), '{"good 1","good 2"}', 'I15: neighbours of a message that is refused');

-- Threads that are merged: their messages move, and were told already.
select pg_temp.number(tests.item(tests.person('{wa_id:573004445566}'), tests.said('two 1', 1))), pg_temp.number(tests.item(tests.person('{bsuid@W:B2}'), tests.said('two 2', 2)));
select is(pg_temp.told(), '{"two 1","two 2"}', 'two threads');
select pg_temp.number(tests.item(tests.person('{wa_id:573004445566,bsuid@W:B2}'), tests.said('two 3', 3)));
select is(pg_temp.told(), '{"two 3"}', 'of the delivery that merges them, the new one');

-- The other doors.
select crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(tests.chat('P1', tests.said('webhook 1', 20)), tests.chat('P9', tests.said('webhook 2', 21))));
select is(pg_temp.told(), '{"webhook 1","webhook 2"}', 'ingest_webhook');
select crm.upsert_conversation_with_events(tests.account_id('pgtap-page'), tests.chat('P1', tests.said('single 1', 22)));
select is(pg_temp.told(), '{"single 1"}', 'upsert_conversation_with_events');
create temporary table sync as select tests.start_sync() as run;
select tests.commit_page(s.run, jsonb_build_array(tests.chat('P1', tests.said('page 1', 23), tests.said('page 2', 24)), tests.chat('P10', tests.said('page 3', 25)) || '{"thread_id": "t10"}'), '{"a": 1}') from sync s;
select is(pg_temp.told(), '{"page 1","page 2","page 3"}', 'commit_sync_page');
select tests.land('chats', tests.b2chat_chat('C1', tests.b2chat_contact(1, '{"mobile": "573001110000"}')));
select is(pg_temp.told(), '{}', 'a raw record is no message yet');
select tests.transform('chats');
select is(cardinality(pg_temp.told()), 1, 'transform_raw_chats');
select crm.ingest_webhook('messenger', 'pgtap-elsewhere', jsonb_build_array(tests.chat('P11', tests.said('letter 1', 26))));
select is(pg_temp.told(), '{}', 'a dead letter is no message yet');
select crm.connect_channel(tests.workspace_id(), 'messenger', 'pgtap-elsewhere', 'Elsewhere');
select crm.replay_dead_letters();
select is(pg_temp.told(), '{"letter 1"}', 'replay_dead_letters');
drop trigger "fail with 22023" on crm.messages;
select crm.replay_dead_letter(d.id) from crm.dead_letters d where d.workspace_id = tests.workspace_id() and d.status = 'open';
select is(pg_temp.told(), '{refused}', 'replay_dead_letter');

-- All of it again.
select tests.deliver(tests.chat('P1', tests.said('plain 1', 4)));
select is(pg_temp.told(), '{}', 'I10: a plain message again');
select tests.deliver(tests.chat('P1', tests.said('plain 2', 5)), tests.chat('P1', tests.said('plain 3', 6)));
select is(pg_temp.told(), '{}', 'I10: several');
select pg_temp.number(pg_temp.named(2, 'named 2')), pg_temp.number(pg_temp.named(3, 'named 3'), pg_temp.named(4, 'named 4'));
select is(pg_temp.told(), '{}', 'I10: those with a name');
select tests.deliver(tests.general_path(tests.chat('P1', tests.said('long 1', 10, 'A richer copy'))));
select is(pg_temp.told(), '{}', 'I9: a copy that knows more');
select tests.commit_page(s.run, jsonb_build_array(tests.chat('P1', tests.said('page 1', 23), tests.said('page 2', 24)), tests.chat('P10', tests.said('page 3', 25)) || '{"thread_id": "t10"}'), '{"a": 2}') from sync s;
select is(pg_temp.told(), '{}', 'I10: a page');
select tests.deliver(tests.chat('P1', tests.said('plain 1', 4)), tests.chat('P1', tests.said('after', 30)));
select is(pg_temp.told(), '{after}', 'and of a call with an old one and a new one, the new one');

select is((select array_agg(a.name order by a.name collate "C") from all_told a), (
  select array_agg(m.provider_message_id order by m.provider_message_id collate "C")::text[] from crm.messages m where m.workspace_id = tests.workspace_id()
), 'I9: in all, that is every message there is, each once');

select * from finish();
rollback;
