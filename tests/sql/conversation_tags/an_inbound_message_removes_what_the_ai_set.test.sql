begin;
select plan(8);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('n1', 1)));
create function pg_temp.tag(p_key text) returns void language sql as $$
  insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by, set_at)
  select tests.workspace_id(), (tests.conversation(p_key)).id, t.tag, t.set_by, tests.moment(t.at)
  from (values ('ai early', 'ai', 10), ('ai late', 'ai', 30), ('human', 'human', 10)) t (tag, set_by, at)
  on conflict do nothing
$$;
create function pg_temp.tags(p_key text) returns text[] language sql as $$
  select array_agg(t.tag order by t.tag) from crm.conversation_tags t where t.conversation_id = (tests.conversation(p_key)).id
$$;

select pg_temp.tag('psid:P1'), pg_temp.tag('psid:P2');
select tests.deliver(tests.chat('P1', tests.sent('m2', 40)), tests.chat('P1', tests.happened('postback', 41)), tests.chat('P1', tests.said('m3', 5)), tests.chat('P1', tests.said('m1', 1)));
select is(pg_temp.tags('psid:P1'), array['ai early', 'ai late', 'human'], 'what we send, a postback, an earlier message and a replay remove nothing');
select tests.deliver(tests.chat('P1', tests.said('m4', 20)));
select is(pg_temp.tags('psid:P1'), array['ai late', 'human'], 'an inbound message removes what the AI set before it occurred, on the fast path');
select tests.deliver(tests.general_path(tests.chat('P2', tests.said('n4', 20))));
select is(pg_temp.tags('psid:P2'), array['ai late', 'human'], 'and on the general path');
select is((tests.conversation('psid:P1')).has_pending_effects, true, 'there is more to remove');
select tests.deliver(tests.chat('P1', tests.said('m5', 31)));
select is(pg_temp.tags('psid:P1'), array['human'], 'a later one removes the rest');
select is((tests.conversation('psid:P1')).has_pending_effects, false, 'then no effect is pending');

select pg_temp.tag('psid:P1');
select tests.deliver(tests.chat('P1', tests.sent('m6', 60)));
select is(pg_temp.tags('psid:P1'), array['ai early', 'ai late', 'human'], 'what we send removes nothing on the fast path either');
select tests.deliver(tests.chat('P1', tests.said('m5', 31)));
select is(pg_temp.tags('psid:P1'), array['ai early', 'ai late', 'human'], 'nor does a replay');

select * from finish();
rollback;
