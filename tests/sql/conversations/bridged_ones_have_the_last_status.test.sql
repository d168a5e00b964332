begin;
select plan(6);

select tests.create_acme();
-- The status of a conversation made of two: one with a message at 10, whose status was set, and one without messages.
create function pg_temp.merged(
  p_status text, p_changed_at numeric, p_other_status text, p_other_changed_at numeric
)
returns text language plpgsql as $$
declare
  v_status text;
begin
  perform tests.deliver(tests.chat('P1', tests.said('m1', 10)));
  perform tests.deliver('{"thread_id": "t1", "events": []}');
  update crm.conversations set status = p_status, status_changed_at = tests.moment(p_changed_at)
  where id = (tests.conversation('psid:P1')).id;
  update crm.conversations set status = p_other_status, status_changed_at = tests.moment(p_other_changed_at)
  where id = (tests.conversation('t1')).id;
  perform tests.deliver(tests.chat('P1') || '{"thread_id": "t1"}');
  v_status := (tests.conversation('t1')).status;
  delete from crm.conversations v where v.workspace_id = tests.workspace_id();
  return v_status;
end $$;

select is(pg_temp.merged('closed', 20, 'open', 5), 'closed', 'closed after the last message, it stays closed');
select is(pg_temp.merged('open', 5, 'closed', 20), 'closed', 'whichever of the two was');
select is(pg_temp.merged('closed', 8, 'pending', 5), 'open', 'closed before the last message, it is open again');
select is(pg_temp.merged('pending', 8, 'closed', 5), 'open', 'whichever of the two was');
select is(pg_temp.merged('open', null, 'pending', 8), 'pending', 'otherwise the later decision holds');
select is(pg_temp.merged('closed', 15, 'open', 20), 'open', 'also one that opens it');

select * from finish();
rollback;
