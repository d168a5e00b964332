-- I15, I16: a deadlock or a cancelled statement is nobody's fault here: no dead letter, and the caller learns of it.
begin;
select plan(15);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
create temporary table before as select tests.state(tests.workspace_id()) as state;
select tests.fail_writes('messages', format('new.body = %L', s.code), s.code) from unnest(array['40P01', '57014', '53200', 'P0001', 'PT409']) s (code);

select tests.throws_code(format('select tests.deliver(%L)', tests.chat('P1', tests.said('m2', 2, s.code))), s.code, null, format('I15: %s on the fast path', s.code))
from unnest(array['40P01', '57014', '53200', 'P0001', 'PT409']) s (code);
select tests.throws_code(format('select tests.deliver(%L, %L)', tests.chat('P2', tests.said('n1', 1)), tests.chat('P1', tests.said('m2', 2, s.code))), s.code, null, format('I15: %s in a page', s.code))
from unnest(array['40P01', '57014', '53200', 'P0001', 'PT409']) s (code);
select tests.throws_code(format($$ select crm.ingest_webhook('messenger', 'pgtap-page', %L, '[{"reason": "x", "path": "$", "item": 1}]') $$,
    jsonb_build_array(tests.chat('P2', tests.said('n1', 1)), '7'::jsonb, tests.chat('P1', tests.said('m2', 2, s.code)))), s.code, null, format('I16: %s of a webhook reaches the caller', s.code))
from unnest(array['40P01', '57014']) s (code);

alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');
select tests.throws_code(format('select tests.deliver(%L, %L)', tests.chat('P2', tests.said('a1', 1, 'refuse me')), tests.chat('P1', tests.said('m2', 2, '40P01'))), '40P01', null,
  'I15: also after another item was isolated');
select is(tests.count_of('dead_letters'), 0, 'I15: none is a dead letter');
select is(tests.state(tests.workspace_id()), b.state, 'I16: and nothing is kept of the calls') from before b;

select * from finish();
rollback;
