begin;
select plan(15);

select tests.create_acme();
create temporary table started as select (s.s ->> 'run_id')::uuid as run, (s.s ->> 'token')::uuid as token from tests.start_sync() s (s);
select tests.throws_code(format('select crm.commit_sync_page(s.run, s.token, %s) from started s', b.arguments), 'PT400', 'invalid_input', b.name)
from (values
  ('no items', 'null, ''{}'''),
  ('items that are no array', '''{}'', ''{}'''),
  ('501 items', '(select jsonb_agg(n) from generate_series(1, 501) n), ''{}'''),
  ('2,001 events', 'jsonb_build_array(jsonb_build_object(''events'', (select jsonb_agg(n) from generate_series(1, 2001) n))), ''{}'''),
  ('a cursor that is no object', '''[]'', ''"x"'''),
  ('a cursor that is JSON''s null', '''[]'', ''null'''),
  ('a high watermark that is no time', '''[]'', ''{"high_watermark": "yesterday"}'''),
  ('a high watermark without a zone', '''[]'', ''{"high_watermark": "2025-03-01T12:00:00"}'''),
  ('fewer than none', '''[]'', ''{}'', -1'),
  ('nothing for what was rejected', '''[]'', ''{}'', 1, null'),
  ('no array of it', '''[]'', ''{}'', 1, ''{}'''),
  ('1,001 rejected', '''[]'', ''{}'', 1, (select jsonb_agg(n) from generate_series(1, 1001) n)')
) b (name, arguments);

select tests.throws_code($$ select crm.commit_sync_page(gen_random_uuid(), s.token, '[]', '{}') from started s $$, 'PT404', 'not_found', 'an unknown run');
select tests.throws_code($$ select crm.commit_sync_page(s.run, s.token, '[]', '{}', p_workspace_id => gen_random_uuid()) from started s $$, 'PT404', 'not_found', 'one of another workspace');
select lives_ok($$ select crm.commit_sync_page(s.run, s.token, '[]', '{"high_watermark": null}', p_workspace_id => tests.workspace_id()) from started s $$, 'an empty page is a page');

select * from finish();
rollback;
