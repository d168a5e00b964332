-- The fast path for a single message and the general path for pages can never disagree about what "the same" means.
begin;
select plan(1);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)));
create temporary table calls as
select n.place, c.item
from (values
  (1, tests.chat('P1', tests.said('m1', 10, 'Hola', '{"attachments": [{"type": "image"}], "reply_to": "m0", "payload": {"sticker_id": 7}}'))),
  (2, tests.chat('P1', tests.sent('m2', 20))),
  (3, tests.chat('P1', tests.said('m1', 10))),
  (4, tests.chat('P1', tests.said('m4', 5, 'Late'))),
  (5, tests.chat('P1', tests.sent('m5', 21, null))),
  (6, tests.chat('P1', tests.said('m6', 22, '¡Ñandú! 👋🏽', '{"payload": {}}')))
) n (place, item)
cross join lateral (select n.item) c;
create temporary table tried as
select t.* from (values (1, false), (2, true)) w (n, long)
cross join lateral tests.try_order('pgtap-page',
  array(select case when w.long then tests.general_path(c.item) else c.item end from calls c order by c.place), array[1, 2, 3, 4, 5, 6], 'true') t;
select is((select count(distinct t.state)::int from tried t), 1, 'six deliveries, on each path');

select * from finish();
rollback;
