begin;
select plan(1);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
update crm.conversations set status = 'closed', status_changed_at = tests.moment(100) where id = (tests.conversation('psid:P1')).id;
create temporary table tried as
select t.state from (values (tests.chat('P1', tests.said('m2', 200))), (tests.general_path(tests.chat('P1', tests.said('m2', 200))))) w (item)
cross join lateral tests.try_order('pgtap-page', array[w.item], array[1], 'true') t;
select is((select min(t.state::text)::jsonb from tried t), (select max(t.state::text)::jsonb from tried t), 'when it was opened is known either way');

select * from finish();
rollback;
