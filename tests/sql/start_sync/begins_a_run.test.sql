begin;
select plan(13);

select tests.create_acme();
create temporary table first as select tests.start_sync() as s;
select is(f.s - '{run_id,token,expires_at}'::text[], '{"mode": "full", "status": "running", "cursor": {}, "since": null, "resumed": false, "fencing_token": 1,
  "pages": 0, "items": 0, "created": 0, "updated": 0, "unchanged": 0, "failed": 0, "rejected": 0, "total_estimate": null, "resource": "messenger:pgtap-page:conversations",
  "bucket": "messenger:pgtap-page"}', 'a full run begins at the beginning') from first f;
select is((l.holder, l.token, l.fencing_token, l.workspace_id), ('one'::text, (f.s ->> 'token')::uuid, 1::bigint, tests.workspace_id()), 'under the lock of its resource')
from first f, crm.sync_locks l where l.resource = f.s ->> 'resource';
select ok((f.s ->> 'expires_at')::timestamptz between clock_timestamp() + interval '4 minutes' and clock_timestamp() + interval '5 minutes', 'for five minutes') from first f;
select is((r.mode, r.status, r.holder, r.fencing_token, r.channel_account_id), ('full'::text, 'running'::text, 'one'::text, 1::bigint, tests.account_id('pgtap-page')), 'and is kept')
from first f, tests.run(f.s) r;

create temporary table other as select tests.start_sync('incremental', 'two', 'other') as s;
select is((o.s ->> 'mode', o.s ->> 'since'), ('full'::text, null::text), 'an incremental run without a high watermark is a full one') from other o;

select tests.commit_page(f.s, '[]', '{"high_watermark": "2025-03-01T12:00:00+0000", "after": "x"}') from first f;
select tests.finish_sync(f.s) from first f;
create temporary table next as select tests.start_sync('incremental', 'two') as s;
select is(n.s ->> 'mode', 'incremental', 'with one it is what it is called') from next n;
select is((n.s ->> 'since')::timestamptz, '2025-03-01T11:55:00Z', 'and reads from five minutes before it') from next n;
select is((n.s -> 'cursor', n.s ->> 'resumed'), ('{}'::jsonb, 'false'::text), 'from the beginning') from next n;
select isnt(n.s ->> 'run_id', f.s ->> 'run_id', 'as another run') from next n, first f;
select is(n.s ->> 'fencing_token', '2', 'with a greater fencing token') from next n;
select tests.finish_sync(n.s) from next n;

create temporary table again as select tests.start_sync('full') as s;
select is((a.s ->> 'mode', a.s ->> 'since'), ('full'::text, null::text), 'a full one reads everything, also with a high watermark') from again a;
select is((tests.sync_state()).high_watermark, '2025-03-01T12:00:00Z', 'which stays');
select is(tests.count_of('sync_runs'), 4, 'every run is a row');

select * from finish();
rollback;
