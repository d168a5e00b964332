-- I12: an update that names a stale version changes nothing and says so.
begin;
select plan(6);

select tests.furnish_acme();
create temporary table before as select tests.state(tests.workspace_id()) as state, (tests.conversation('psid:P1')).version as version, (tests.conversation('psid:P1')).id as id;

select tests.throws_code(format('select crm.update_conversation(%L, %s, %L)', b.id, b.version + d.difference,
    '{"status": "closed", "tags_add": ["late"], "tags_remove": ["vip"]}'),
  'PT409', 'version_conflict', d.description)
from before b, (values (-1, 'I12: an older version'), (1, 'I12: a newer version')) d (difference, description);
select tests.throws_code(format('select crm.update_conversation(%L, null, %L)', b.id, '{"status": "closed"}'), 'PT409', 'version_conflict', 'I12: no version')
from before b;

create function pg_temp.detail_of(p_sql text) returns jsonb language plpgsql as $$
declare
  v_detail text;
begin
  execute p_sql;
  return null;
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  return v_detail::jsonb;
end $$;
select is(pg_temp.detail_of(format('select crm.update_conversation(%L, 0, %L)', b.id, '{"status": "closed"}')),
  jsonb_build_object('code', 'version_conflict', 'version', b.version), 'I12: the refusal carries the current version')
from before b;

select is(tests.state(tests.workspace_id()), b.state, 'I12: nothing has changed') from before b;
select is((tests.conversation('psid:P1')).version, b.version, 'I12: nor has the version') from before b;

select * from finish();
rollback;
