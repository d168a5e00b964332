-- I13
begin;
select plan(6);

select tests.create_acme();
create temporary table first as select tests.start_sync() as s;
select tests.throws_code($$ select tests.start_sync('full', 'two') $$, 'PT409', 'lock_held', 'I13: the next one is refused');
do $$
declare
  v_detail jsonb;
begin
  perform tests.start_sync('full', 'two');
exception when sqlstate 'PT409' then
  get stacked diagnostics v_detail = pg_exception_detail;
  create temporary table refusal as select v_detail as detail;
end $$;
select is(r.detail - 'expires_at', '{"code": "lock_held", "resource": "messenger:pgtap-page:conversations", "held_by": "one"}', 'and told who holds it') from refusal r;
select is((r.detail ->> 'expires_at')::timestamptz, (f.s ->> 'expires_at')::timestamptz, 'and until when') from refusal r, first f;
select tests.throws_code(format('select tests.start_sync(%L, %L, p_run_id => %L)', 'full', 'two', f.s ->> 'run_id'), 'PT409', 'lock_held', 'I13: also who names the run') from first f;
select is(tests.count_of('sync_runs'), 1, 'and nothing is begun');

-- The lock may also be held for other work on the resource.
select tests.finish_sync(f.s) from first f;
select crm.acquire_sync_lock(f.s ->> 'resource', 'somebody') from first f;
select tests.throws_code($$ select tests.start_sync('full', 'two') $$, 'PT409', 'lock_held', 'I13: a lock that was taken without a run');

select * from finish();
rollback;
