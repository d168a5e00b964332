-- As on Messenger: whichever path a single message takes, and whichever of a person's ids it names.
begin;
select plan(4);

select tests.create_acme();
select tests.ingest('pgtap-number', tests.item(tests.person('{wa_id:573001112233,bsuid@W:CO.1}', '{"full_name": "Ana"}'), tests.said('w0', 0)));
insert into crm.conversation_tags (workspace_id, conversation_id, tag, set_by, set_at)
values (tests.workspace_id(), (tests.conversation('bsuid:CO.1')).id, 'hot', 'ai', tests.moment(1));
create temporary table calls as
select * from (values
  (1, tests.item(tests.person('{wa_id:573001112233}'), tests.said('w1', 10, 'Hola', '{"reply_to": "w0", "occurred_at": "1736942410"}'))),
  (2, tests.item(tests.person('{bsuid@W:CO.1}'), tests.sent('w2', 20))),
  (3, tests.item(tests.person('{bsuid@W:CO.1}'), tests.said('w1', 10))),
  (4, tests.item(tests.person('{wa_id:573001112233}'), tests.said('w4', 5)))
) n (place, item);
create temporary table tried as
select w.long, t.*
from (values (false), (true)) w (long)
cross join lateral tests.try_order('pgtap-number',
  array(select case when w.long then tests.general_path(c.item) else c.item end from calls c order by c.place), array[1, 2, 3, 4],
  $$ tests.count_of('conversations') = 1 and tests.count_of('contacts') = 1 and tests.count_of('messages') = 4
    and (tests.message('w1')).sent_at = tests.moment(10) and tests.count_of('conversation_tags') = 0 $$) t;
select is((select t.state from tried t where t.long), (select t.state from tried t where not t.long), 'I9: the same state');
select is(t.holds, true, 'everything is there once, ' || case when t.long then 'the general path' else 'the fast path' end) from tried t order by t.long;
select tests.ingest('pgtap-number', c.item) from calls c order by c.place;
select tests.writes_nothing($$ select tests.ingest('pgtap-number', c.item) from calls c $$, 'I10: replayed, nothing is written');

select * from finish();
rollback;
