-- I13
begin;
select plan(12);

select tests.create_acme();
create temporary table started as select tests.start_sync() as s;
select tests.throws_code(format('select tests.finish_sync(s.s, %s) from started s', b.arguments), 'PT400', 'invalid_input', b.name)
from (values
  ('no status', 'null'),
  ('another status', '''running'''),
  ('failed, and not said why', '''failed'''),
  ('failed without a code', '''failed'', ''7: seven'''),
  ('failed with nothing', '''failed'', '''''),
  ('paused without a code', '''paused'', ''Later''')
) b (name, arguments);
select tests.throws_code($$ select crm.finish_sync(gen_random_uuid(), gen_random_uuid(), 'completed') $$, 'PT404', 'not_found', 'an unknown run');
select tests.throws_code($$ select crm.finish_sync((s.s ->> 'run_id')::uuid, (s.s ->> 'token')::uuid, 'completed', p_workspace_id => gen_random_uuid()) from started s $$, 'PT404', 'not_found', 'one of another workspace');
select tests.throws_code($$ select tests.finish_sync(s.s || jsonb_build_object('token', gen_random_uuid())) from started s $$, 'PT409', 'lock_lost', 'I13: another token');
select is((tests.run(s.s)).status, 'running', 'nothing of that ends it') from started s;
select tests.expire_lease();
select tests.throws_code($$ select tests.finish_sync(s.s) from started s $$, 'PT409', 'lock_lost', 'I13: a lease that is over');
select tests.finish_sync(a.s) from tests.start_sync('full', 'two') a (s);
select tests.throws_code($$ select tests.finish_sync(s.s, 'failed', 'late') from started s $$, 'PT409', 'lock_lost', 'I13: who comes late changes nothing of a run that another ended');

select * from finish();
rollback;
