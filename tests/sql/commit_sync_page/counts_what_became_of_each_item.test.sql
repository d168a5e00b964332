begin;
select plan(16);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
create function pg_temp.outcome(variadic p_items jsonb[]) returns text language sql as $$
  select string_agg(o.key, ' ' order by o.key)
  from started s, tests.commit_page(s.s, to_jsonb(p_items)) p (page), jsonb_each(p.page) o
  where o.key in ('created', 'updated', 'unchanged', 'failed') and o.value = '1'
$$;
create function pg_temp.copy(p_thread text, p_more jsonb default '{}') returns jsonb language sql as $$
  select tests.chat('P1', tests.said('m1', 1, 'Hola', p_more)) || jsonb_build_object('thread_id', p_thread)
$$;

select is(pg_temp.outcome(tests.chat('P1', tests.said('m1', 1))), 'created', 'a new conversation');
select is(pg_temp.outcome(tests.chat('P1', tests.said('m1', 1))), 'unchanged', 'the same again');
select is(pg_temp.outcome(tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2))), 'updated', 'a new message');
select is(pg_temp.outcome(pg_temp.copy('t1')), 'updated', 'nothing but the conversation''s other key');
select is(pg_temp.outcome(pg_temp.copy('t1')), 'unchanged', 'which is known then');
select is(pg_temp.outcome(pg_temp.copy('t1', '{"attachments": [{"type": "image", "url": "https://x.test/1"}]}')), 'updated', 'a message''s richer copy');
select is(pg_temp.outcome(pg_temp.copy('t1')), 'unchanged', 'a poorer one');
select is(pg_temp.outcome(tests.item(tests.person('{psid:P1}', '{"full_name": "Ana"}'), tests.said('m1', 1))), 'updated', 'a name for the contact');
select is(pg_temp.outcome('{"thread_id": "t2", "events": []}'), 'created', 'a conversation of nobody');
select is(pg_temp.outcome(tests.chat('P2') || '{"thread_id": "t2"}'), 'updated', 'and now of somebody');
select is(pg_temp.outcome(tests.chat('P2') || jsonb_build_object('updated_at', tests.ms(9))), 'updated', 'nothing but a later time of its last change');
select is(pg_temp.outcome('{"events": []}'), 'failed', 'one that says nothing of whose it is');
select is((select c ->> 'failed' from started s, tests.commit_page(s.s, '[7, null, [], {"events": 5}, {"thread_id": "t9", "events": {}}, {"thread_id": "t9", "events": [7, [], null]}]') c), '5', 'of the wrong form altogether');
select is(pg_temp.outcome(tests.chat('P3', tests.said('m4', 4), '{"type": "nonsense"}')), 'created', 'something of it is stored');
select is((r.items, r.items, r.failed), (19, r.created + r.updated + r.unchanged + r.failed, 6), 'the run has the sums') from started s, tests.run(s.s) r;

-- A part of a page that is stored again and again is no progress.
create function pg_temp.progress(p_items jsonb, p_cursor jsonb default null) returns boolean language plpgsql as $$
declare
  v_before timestamptz := (select (tests.run(s.s)).progressed_at from started s);
begin
  perform tests.commit_page(s.s, p_items, p_cursor) from started s;
  return (select (tests.run(s.s)).progressed_at > v_before from started s);
end $$;
select is(array[
  pg_temp.progress(jsonb_build_array(tests.chat('P3', tests.said('m4', 4)))),
  pg_temp.progress(jsonb_build_array(tests.chat('P3', tests.said('m4', 4))), '{"after": "2"}'),
  pg_temp.progress(jsonb_build_array(tests.chat('P3', tests.said('m4', 4))), '{"after": "2"}'),
  pg_temp.progress(jsonb_build_array(tests.chat('P3', tests.said('m5', 5))))], '{f,t,f,t}', 'what is unchanged is no progress, another place is');

select * from finish();
rollback;
