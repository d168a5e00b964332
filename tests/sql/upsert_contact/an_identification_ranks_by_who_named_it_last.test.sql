-- I3
begin;
select plan(3);

select tests.create_acme();
create function pg_temp.named(p_source text, p_identification text, p_at numeric) returns jsonb language sql as $$
  select tests.upsert(p_source, tests.person(array['b2chat_id@chats:m:7', 'identification:' || p_identification],
    jsonb_build_object('source_updated_at', tests.ms(p_at))))
$$;

select pg_temp.named('chat_embedded', '111', 1);
select pg_temp.named('contacts_api', '111', 2);
select is(pg_temp.named('chat_embedded', '222', 3) ->> 'outcome', 'linked', 'another identification is no change of a field');
select is((tests.contact('b2chat_id:7')).identification, '111', 'a chat attached it and the API named it since: no later chat outranks it');
select pg_temp.named('contacts_api', '222', 4);
select is((tests.contact('b2chat_id:7')).identification, '222', 'until the API names another one');

select * from finish();
rollback;
