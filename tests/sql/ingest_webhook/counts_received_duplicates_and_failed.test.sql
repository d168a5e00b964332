begin;
select plan(7);

select tests.create_acme();
create function pg_temp.counts(p_items jsonb, p_rejected jsonb default '[]') returns int[] language sql as $$
  select array[i.received, i.duplicates, i.failed] from crm.ingest_webhook('messenger', 'pgtap-page', p_items, p_rejected) i
$$;
select is(pg_temp.counts(jsonb_build_array(tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2)), tests.chat('P2', tests.said('n1', 1)))), array[3, 0, 0], 'three new messages');
select is(pg_temp.counts(jsonb_build_array(tests.chat('P1', tests.said('m1', 1), tests.said('m3', 3)))), array[2, 1, 0], 'one known, one new');
select is(pg_temp.counts(jsonb_build_array(tests.chat('P1', tests.said('m4', 4), '7'), '7'::jsonb, tests.chat('P2'))), array[4, 0, 2],
  'a bad event, a bad item, and an item without events that counts as one');
select is(pg_temp.counts('[{"participant": {"identities": []}, "events": [1, 2, 3]}]'), array[3, 0, 3], 'a bad item counts as its events');
select is(pg_temp.counts(jsonb_build_array(tests.chat('P1', tests.said('m1', 1))), '[{"reason": "malformed", "path": "$.a", "item": 1}, {"reason": "malformed", "path": "$.a", "item": 2}]'),
  array[3, 1, 2], 'what the translation rejected has failed');
select is(pg_temp.counts('[]'), array[0, 0, 0], 'nothing');
select is(tests.count_of('messages'), 5, 'what was counted is stored');

select * from finish();
rollback;
