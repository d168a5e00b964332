begin;
select plan(3);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1), tests.happened('reaction', 7, 'm1')), tests.chat('P2', tests.said('n1', 2)), '7');
update crm.dead_letters set status = 'discarded' where workspace_id = tests.workspace_id() and id in (select d.id from crm.dead_letters d where d.item = '8');
select results_eq($$
  select o.channel, o.display_name, o.is_active, o.contacts::int, o.conversations::int, o.messages::int, o.events::int, o.dead_letters::int, o.last_event_at
  from crm.channel_overview o where o.workspace_id = tests.workspace_id() order by o.channel
$$, $$ values
  ('messenger', 'Acme''s page', true, 2, 2, 2, 3, 1, tests.moment(7)),
  ('whatsapp', 'Acme''s number', true, 0, 0, 0, 0, 0, null::timestamptz)
$$, 'one row per account');
update crm.dead_letters set status = 'replayed' where workspace_id = tests.workspace_id();
select is((select o.dead_letters::int from crm.channel_overview o where o.channel_account_id = tests.account_id('pgtap-page')), 0, 'a dead letter that was replayed does not count');
select tests.deliver(tests.chat('P1', tests.said('m2', 9)));
select is((select o.last_event_at from crm.channel_overview o where o.channel_account_id = tests.account_id('pgtap-page')), tests.moment(9), 'the last event moves');

select * from finish();
rollback;
