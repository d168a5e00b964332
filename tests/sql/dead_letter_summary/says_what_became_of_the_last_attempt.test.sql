begin;
select plan(2);

select tests.create_acme();
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');
select tests.deliver('7', tests.chat('P1', tests.said('m1', 1, 'refuse me')));
select crm.ingest_webhook('messenger', 'pgtap-page', '[]', '[{"reason": "malformed", "path": "$.x", "item": {"x": 1}}]');
create function pg_temp.summary() returns table (reason text, can_be_replayed boolean, most_attempts int, tried boolean, last_error text) language sql as $$
  select s.reason, s.can_be_replayed, s.most_attempts, s.last_tried_at is not null, regexp_replace(s.last_error, ': .*', '')
  from crm.dead_letter_summary s where s.workspace_id = tests.workspace_id()
$$;
select set_eq('select * from pg_temp.summary()', $$ values ('invalid_item', true, 1, false, null), ('malformed', false, 1, false, null), ('refused_by_database', true, 1, false, '23514') $$,
  'what can be replayed, and what the tables said');
select crm.replay_dead_letters(10);
select set_eq('select * from pg_temp.summary()', $$ values ('invalid_item', true, 2, true, 'invalid_item'), ('malformed', false, 2, true, 'needs_translation'),
  ('refused_by_database', true, 2, true, 'refused_by_database') $$, 'after a replay, why it failed again');

select * from finish();
rollback;
