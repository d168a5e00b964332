begin;
select plan(4);

select tests.create_acme();
select tests.create_merchant();
create function pg_temp.chat(p_id text, p_count int) returns jsonb language sql as $$
  select tests.b2chat_chat(p_id, '{"id": 8001, "mobile_number": "+573001112233"}', jsonb_build_object('messages', (
    select jsonb_agg(tests.b2chat_message('m' || n, to_char(timestamp '2026-01-02 11:17:37' + n * interval '1 second', 'YYYY-MM-DD HH24:MI:SS')) order by n)
    from generate_series(1, p_count) n)))
$$;
select tests.land('chats', pg_temp.chat('long', 2500), pg_temp.chat('c2', 900), pg_temp.chat('c3', 900), pg_temp.chat('c4', 900));
select is(tests.transform('chats'), '{"processed": 4, "created": 4}', 'a chat in several slices is one');
select is(tests.count_of('messages'), 5200, 'with all of its messages');
select is(tests.count_of('conversations'), 4, 'each chat is one conversation');
select is(tests.count_of('conversations', 't.contact_id is null'), 0, 'of the person');

select * from finish();
rollback;
