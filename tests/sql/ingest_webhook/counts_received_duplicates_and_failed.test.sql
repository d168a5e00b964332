begin;
select plan(10);

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

create function pg_temp.by_item(p_items jsonb, p_account text default 'pgtap-page') returns jsonb language sql as $$
  select i.items from crm.ingest_webhook('messenger', p_account, p_items, '[{"reason": "malformed", "path": "$.a", "item": 3}]') i
$$;
select is(
  pg_temp.by_item(jsonb_build_array(tests.chat('P1', tests.said('m1', 1), tests.said('m1', 1)), '7'::jsonb, tests.chat('P1', tests.said('m4', 4), '7'), tests.chat('P2'))),
  '[[2, 2, 0], [1, 0, 1], [2, 1, 1], [1, 0, 0]]', 'the same three of each item, in order, without what was rejected');
select is(pg_temp.by_item(jsonb_build_array(tests.chat('P1', tests.said('m1', 1), tests.said('m2', 2)), tests.chat('P2')), 'nobody'),
  '[[2, 0, 2], [1, 0, 1]]', 'and of an account that nobody connected');
select is((select i.items from crm.ingest_webhook('messenger', 'pgtap-page', jsonb_build_array(tests.chat('P1', tests.said('m4', 4)))) i),
  '[[1, 1, 0]]', 'and of one item alone');
select is(tests.count_of('messages'), 5, 'what was counted is stored');

select * from finish();
rollback;
