begin;
select plan(7);

select tests.furnish_acme();
select tests.authenticate_as('agent@acme.test');
select is((select crm.update_conversation(v.id, v.version, '{"status": "closed", "unread_count": 0}') from tests.conversation('psid:P1') v),
  (tests.conversation('psid:P1')).version + 1, 'I12: returns the next version');
select is((tests.conversation('psid:P1')).status, 'closed', 'the status has changed');
select is((tests.conversation('psid:P1')).unread_count, 0, 'so has unread_count');
select isnt((tests.conversation('psid:P1')).status_changed_at, null, 'and it is known since when');

select is((select crm.update_conversation(v.id, v.version, '{"unread_count": 3}', v.workspace_id) from tests.conversation('psid:P1') v),
  (tests.conversation('psid:P1')).version + 1, 'the workspace may be named');
select is((tests.conversation('psid:P1')).unread_count, 3, 'a patch with one key changes that');
select is((tests.conversation('psid:P1')).status, 'closed', 'and nothing else');

select * from finish();
rollback;
