begin;
select plan(12);

select tests.create_acme();
select tests.create_merchant();
create function pg_temp.state(p_chat text, p_status text, p_closed text, variadic p_said text[] default '{}') returns text language plpgsql as $$
begin
  perform tests.land('chats', tests.b2chat_chat(p_chat, null, jsonb_build_object('status', p_status, 'closed_at', '2026-01-02 ' || p_closed,
    'messages', (select coalesce(jsonb_agg(tests.b2chat_message('Hola', '2026-01-02 ' || s.at)), '[]') from unnest(p_said) s (at)))));
  perform tests.transform('chats');
  return (select v.status || coalesce(to_char(v.status_changed_at at time zone 'UTC', ' HH24:MI'), '') from tests.conversation(p_chat) v);
end $$;

select is(pg_temp.state('c1', 'CLOSED', '12:00:00', '11:00:00'), 'closed 12:00', 'a closed chat closes its conversation, at that time');
select is(pg_temp.state('c2', 'COMPLETED_POLL', '12:00:00'), 'closed 12:00', 'after a poll too');
select is(pg_temp.state('c3', 'ABANDONED_POLL', '12:00:00'), 'closed 12:00', 'or a poll nobody answered');
select is(pg_temp.state('c4', 'COMPLETING_POLL', '12:00:00'), 'open', 'not while the poll goes on');
select is(pg_temp.state('c5', 'CLOSED', null), 'open', 'nor without a time');
select is(pg_temp.state('c6', 'CLOSED', '12:00:00', '11:00:00', '12:00:01'), 'open', 'nor when somebody wrote later');
select is(pg_temp.state('c1', 'CLOSED', '13:00:00', '11:00:00', '12:30:00'), 'closed 13:00', 'closed again, it is closed as of then');
select is(pg_temp.state('c1', 'CLOSED', '12:00:00', '11:00:00', '10:00:00'), 'closed 13:00', 'an older copy changes nothing');

select crm.update_conversation(v.id, v.version, '{"status": "open"}') from tests.conversation('c2') v;
select is(left(pg_temp.state('c2', 'COMPLETED_POLL', '12:00:00', '11:00:00'), 4), 'open', 'whoever opened it later is right');
select crm.update_conversation(v.id, v.version, '{"status": "pending"}') from tests.conversation('c4') v;
update crm.conversations v set status_changed_at = '2026-01-02 11:30:00+00' where v.id = (tests.conversation('c4')).id;
select is(pg_temp.state('c4', 'CLOSED', '12:00:00'), 'closed 12:00', 'whoever changed it earlier is not');

update crm.channel_accounts a set created_at = '2026-01-02 12:30:00+00' where a.external_id = 'pgtap-merchant';
select is(pg_temp.state('c7', 'CLOSED', '12:00:00', '11:00:00', '12:00:01'), 'open', 'what was said before the account was connected counts');
select is((tests.conversation('c7')).unread_count, 0, 'though it is history, and not unread');

select * from finish();
rollback;
