begin;
select plan(18);

select tests.furnish_acme();
create temporary table before as select (tests.conversation('psid:P1')).version as version, (tests.conversation('psid:P1')).id as id;
select tests.throws_code(format('select crm.update_conversation(%L, %s, %L)', b.id, b.version, p.patch), 'PT400', 'invalid_input', coalesce(p.patch, 'null'))
from before b, (values
  (null), ('null'), ('[]'), ('{}'), ('"closed"'),
  ('{"contact_id": null}'), ('{"status": "open", "version": 1}'),
  ('{"status": "done"}'), ('{"status": null}'),
  ('{"unread_count": -1}'), ('{"unread_count": 1.5}'), ('{"unread_count": "1"}'), ('{"unread_count": null}'),
  ('{"tags_add": "vip"}'), ('{"tags_add": [1]}'), ('{"tags_remove": ["  "]}')
) p (patch);
select tests.throws_code(format('select crm.update_conversation(%L, %s, %L)', b.id, b.version, jsonb_build_object('tags_add', array[repeat('x', 101)])),
  'PT400', 'invalid_input', 'a tag of 101 characters')
from before b;
select is((tests.conversation('psid:P1')).version, b.version, 'nothing has changed') from before b;

select * from finish();
rollback;
