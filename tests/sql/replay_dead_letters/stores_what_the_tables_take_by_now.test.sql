-- I15
begin;
select plan(5);

select tests.create_acme();
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');
select tests.deliver(tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2, 'refuse me')), tests.chat('P2', tests.said('n1', 1)));
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (0, 1), 'while the cause is there, it fails again');
select is((select (d.status, d.attempts, d.reason, d.replay_error) from crm.dead_letters d where d.workspace_id = tests.workspace_id()),
  ('open'::text, 2, 'refused_by_database'::text, '{"code": "refused_by_database", "path": "$", "sqlstate": "23514"}'::jsonb), 'and says why');
alter table crm.messages drop constraint made_to_fail;
select is((select (r.replayed, r.failed) from crm.replay_dead_letters() r), (1, 0), 'I15: once it is gone, it goes in');
select is((select array_agg(m.provider_message_id order by m.provider_message_id) from crm.messages m where m.workspace_id = tests.workspace_id()), '{m1,m2,n1}', 'I15: whole');
select is((select (d.status, d.attempts, d.replay_error, d.replayed_at is not null) from crm.dead_letters d where d.workspace_id = tests.workspace_id()), ('replayed'::text, 2, null::jsonb, true),
  'the letter says so');

select * from finish();
rollback;
