-- I15
begin;
select plan(4);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
select tests.commit_page(s.s, jsonb_build_array(tests.chat('P1', tests.said('m1', 1)), 7), '{}',
  '[{"reason": "malformed", "path": "$.data[3].from", "item": {"id": 1}, "what": "message"}, {"reason": "malformed", "path": "$.data[4]", "item": 4, "what": "message"}, {"reason": "unusual", "item": 5}, 6]')
from started s;
select set_eq($$ select d.reason, d.path, d.item from crm.dead_letters d where d.workspace_id = tests.workspace_id() and d.channel_account_id = tests.account_id('pgtap-page') $$,
  $$ values ('malformed', '$.data[3].from', '{"id": 1}'::jsonb), ('malformed', '$.data[4]', '4'), ('unusual', null, '5'), ('rejected', null, '6'), ('invalid_item', '$', '7') $$,
  'I15: what was rejected, and a bad item, are dead letters');
select is((r.items, r.created, r.failed, r.rejected), (2, 1, 1, 4), 'I15: and their neighbours stored') from started s, tests.run(s.s) r;
select is(r.rejected_by, '{"message": 2, "unusual": 1, "rejected": 1}', 'the run says what they were') from started s, tests.run(s.s) r;
select tests.commit_page(s.s, '[]', '{}', '[{"reason": "malformed", "item": 8, "what": "message"}]') from started s;
select is((r.rejected, r.rejected_by), (5, '{"message": 3, "unusual": 1, "rejected": 1}'::jsonb), 'over all pages') from started s, tests.run(s.s) r;

select * from finish();
rollback;
