begin;
select plan(10);

select tests.create_acme();
create temporary table paused as select tests.start_sync() as s;
select tests.finish_sync(p.s, 'paused') from paused p;
create temporary table other as select tests.start_sync('full', 'one', 'other') as s;
select tests.commit_page(o.s, jsonb_build_array(tests.chat('P1'), 7), null, '[1]') from other o;
select tests.commit_page(o.s, jsonb_build_array(tests.chat('P1'))) from other o;
select tests.finish_sync(o.s, 'completed') from other o;

select is(n.s ->> 'run_id', p.s ->> 'run_id', 'a paused run goes on by its name') from paused p, tests.start_sync('full', 'two', p_run_id => (p.s ->> 'run_id')::uuid) n (s);
create temporary table finished as
select n.s from other o, tests.start_sync('incremental', 'two', 'other', (o.s ->> 'run_id')::uuid) n (s);
select is((f.s ->> 'run_id', f.s ->> 'status', f.s ->> 'mode'), (o.s ->> 'run_id', 'completed'::text, 'full'::text), 'a finished one is shown') from other o, finished f;
select is((f.s -> 'pages', f.s -> 'items', f.s -> 'created', f.s -> 'updated', f.s -> 'unchanged', f.s -> 'failed', f.s -> 'rejected', f.s ->> 'total_estimate')::text,
  '(2,3,1,0,1,1,1,)', 'with what became of it') from finished f;
select is((f.s ->> 'token', f.s ->> 'fencing_token', f.s ->> 'expires_at', f.s ->> 'resumed'), (null::text, null::text, null::text, 'false'::text), 'and not started') from finished f;
select is((l.token, l.fencing_token), (null::uuid, 1::bigint), 'nor its lock taken') from crm.sync_locks l where l.resource = 'messenger:pgtap-page:other';
select tests.start_sync('full', 'three', 'other');
select is(n.s ->> 'status', 'completed', 'that another run is under way makes no difference') from other o, tests.start_sync('full', 'two', 'other', (o.s ->> 'run_id')::uuid) n (s);

select tests.throws_code(format('select tests.start_sync(p_run_id => %L)', gen_random_uuid()), 'PT404', 'not_found', 'a run that does not exist');
select tests.throws_code(format('select tests.start_sync(p_run_id => %L)', o.s ->> 'run_id'), 'PT404', 'not_found', 'one of another resource') from other o;
select tests.create_workspace('pgtap-other');
select crm.connect_channel(tests.workspace_id('pgtap-other'), 'messenger', 'pgtap-other-page', 'Page');
select tests.throws_code(format('select crm.start_sync(%L, %L, %L, %L, %L)', tests.account_id('pgtap-other-page'), 'messenger:pgtap-other-page:conversations', 'full', 'me', p.s ->> 'run_id'),
  'PT404', 'not_found', 'one of another workspace') from paused p;
select is(tests.count_of('sync_runs'), 3, 'nothing else was begun');

select * from finish();
rollback;
