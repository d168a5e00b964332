-- An error of the fast path is counted, and the item ends where the general path takes it.
begin;
select plan(17);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)), tests.chat('P2', tests.said('n1', 1)));
select tests.ingest('pgtap-number',
  tests.item(tests.person('{wa_id:573001112233}', '{"full_name": "Ana"}'), tests.said('w1', 1)));
create function pg_temp.counted() returns text[] language sql as $$
  select array_agg(format('%s %s %s', e.sqlstate, e.constraint_name, e.errors) order by e.sqlstate, e.errors)
  from crm.fast_path_errors e
  where e.workspace_id = tests.workspace_id()
$$;

-- What is no error.
select tests.deliver(tests.chat('P1', tests.said('m2', 2)));
select tests.deliver(tests.chat('P1', tests.said('m2', 2)));
select tests.deliver(tests.chat('P3', tests.said('o1', 3)));
select tests.deliver(tests.chat('P1', tests.said('m3', 4000000000)));
select tests.deliver(tests.chat('P1', tests.said('m3', 3) || '{"attachments": {}, "provider_message_id": null}'));
select tests.ingest('pgtap-number',
  tests.item(tests.person('{wa_id:573001112233}', '{"full_name": "Ana"}'), tests.said('w1', 1)),
  tests.item(tests.person('{wa_id:573001112233}', '{"full_name": "Another"}'), tests.said('w2', 1)));
select is(pg_temp.counted(), null,
  'a new message, a duplicate, an unknown person, a time ahead, a bad shape and a new name are no errors');

-- What the tables refuse.
alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');
select is(tests.deliver(tests.chat('P1', tests.said('m4', 4, 'refuse me'))) #> '{0,error}',
  '{"code": "refused_by_database", "path": "$", "sqlstate": "23514"}', 'I15: a plain message that a table refuses');
select is(pg_temp.counted(), '{23514 made_to_fail 1}', 'is counted, with the constraint');
select is(tests.count_of('dead_letters', $$ detail like '23514%' $$), 1, 'I15: and is a dead letter');
select is(tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}', '{"full_name": "Another"}'),
  tests.said('w3', 4, 'refuse me'))) #>> '{0,error,code}', 'refused_by_database', 'I15: so is a message that names the person');
select results_eq($$ select a.channel, e.errors
  from crm.fast_path_errors e join crm.channel_accounts a on a.id = e.channel_account_id
  where e.workspace_id = tests.workspace_id() order by 1 $$,
  $$ values ('messenger', 1::bigint), ('whatsapp', 1) $$, 'which is counted for its own account');
select is(tests.deliver(tests.chat('P1', tests.said('m5', 5)), tests.chat('P2', tests.said('n2', 5, 'refuse me')))
  #> '{0,error}', 'null', 'I15: its neighbour in the call is stored');
select is((select e.errors from crm.fast_path_errors e where e.channel_account_id = tests.account_id('pgtap-page')), 2::bigint,
  'a call counts once');
alter table crm.messages drop constraint made_to_fail;

-- What only the fast path trips over.
create function pg_temp.trip() returns trigger language plpgsql as $$
declare
  v_stack text;
begin
  get diagnostics v_stack = pg_context;
  if v_stack ~ 'ingest_(plain|named)_messages' then
    perform 1 / 0;
  end if;
  return new;
end $$;
create trigger trip before insert on crm.messages for each row execute function pg_temp.trip();
select is(tests.deliver(tests.chat('P1', tests.said('m6', 6))) #- '{0,conversation_id}' #- '{0,contact_id}' #- '{0,version}',
  '[{"ordinal": 1, "is_new": false, "contact_outcome": "unchanged", "events_inserted": 1, "events_duplicate": 0, "error": null}]',
  'a plain message is stored all the same');
select is((select (v.unread_count, v.last_message_at) from tests.conversation('psid:P1') v), (4, tests.moment(6)), 'once');
select is(tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233}', '{"full_name": "Another"}'),
  tests.said('w4', 6))) #>> '{0,events_inserted}', '1', 'and one that names the person');
select is(pg_temp.counted(), '{"22012  1","22012  1","23514 made_to_fail 1","23514 made_to_fail 2"}',
  'both are counted, without a constraint');
select ok(e.last_at >= e.first_at and e.last_at > now(), 'with when')
from crm.fast_path_errors e
where e.sqlstate = '23514' and e.channel_account_id = tests.account_id('pgtap-page');
drop trigger trip on crm.messages;

-- The happy path costs nothing here.
create temporary table before as select e.* from crm.fast_path_errors e;
select tests.deliver(tests.chat('P1', tests.said('m7', 7)), tests.chat('P2', tests.said('n7', 7)));
select set_eq('select * from crm.fast_path_errors', 'select * from before', 'messages that are stored write nothing');

-- Neither path takes other errors.
select tests.fail_writes('messages', $$ new.body = 'abort' $$, '40001');
select tests.throws_code(format('select tests.deliver(%L)', tests.chat('P1', tests.said('m8', 8, 'abort'))), '40001', null,
  'another error aborts the call');
select set_eq('select * from crm.fast_path_errors', 'select * from before', 'and is not counted');

select throws_ok(
  format($$ insert into crm.fast_path_errors (workspace_id, channel_account_id, sqlstate, constraint_name)
    values (%L, %L, '23514', 'x') $$, tests.create_workspace('pgtap-other'), tests.account_id('pgtap-page')),
  '23503', null, 'I8: a row stays in the workspace of its account');

select * from finish();
rollback;
