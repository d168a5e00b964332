begin;
select plan(15);

select tests.create_acme();
create temporary table times as
select * from (values
  ('milliseconds', to_jsonb(1736942400123), '2025-01-15 12:00:00.123+00'::timestamptz),
  ('milliseconds as text', '"1736942400123"', '2025-01-15 12:00:00.123+00'),
  ('seconds', '1736942400', '2025-01-15 12:00:00+00'),
  ('seconds as text', '"1736942400"', '2025-01-15 12:00:00+00'),
  ('ISO 8601, UTC', '"2025-01-15T12:00:00Z"', '2025-01-15 12:00:00+00'),
  ('ISO 8601 with an offset without a colon', '"2025-01-15T07:00:00-0500"', '2025-01-15 12:00:00+00'),
  ('ISO 8601 with a fraction', '"2025-01-31T07:00:00.25-05:00"', '2025-01-31 12:00:00.25+00'),
  ('the first second of 2004', '1072915200', '2004-01-01 00:00:00+00')
) t (name, value, expected);
select tests.deliver(tests.chat('P1', tests.said(t.name, 1, 'x', jsonb_build_object('occurred_at', t.value)))) from times t;
select is((tests.message(t.name)).sent_at, t.expected, t.name) from times t;

select is(tests.deliver(tests.chat('P1', tests.said('bad', 1, 'x', jsonb_build_object('occurred_at', t.value)))) #>> '{0,error,events,0,code}', t.code, t.name)
from (values
  ('before 2004', to_jsonb(1072915199), 'time_before_2004'),
  ('negative', '-1736942400000', 'time_before_2004'),
  ('tomorrow and a bit', to_jsonb((extract(epoch from now() + interval '25 hours') * 1000)::bigint), 'time_in_future'),
  ('local time without a zone', '"2025-01-15T12:00:00"', 'invalid_event'),
  ('a day that is none', '"2025-02-30T12:00:00Z"', 'invalid_event'),
  ('a word', '"now"', 'invalid_event')
) t (name, value, code);
select results_eq($$ select d.reason, count(*)::int from crm.dead_letters d where d.workspace_id = tests.workspace_id() group by 1 order by 1 $$,
  $$ values ('invalid_event', 3), ('time_before_2004', 2), ('time_in_future', 1) $$, 'I15: and each is a dead letter with that reason');

select * from finish();
rollback;
