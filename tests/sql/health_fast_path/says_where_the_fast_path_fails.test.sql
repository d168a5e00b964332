begin;
select plan(5);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m1', 1)));
create function pg_temp.bad() returns text[] language sql as $$
  select array_agg(h.subject order by h.subject)
  from crm.health_fast_path h
  where h.workspace_id = tests.workspace_id() and not h.ok
$$;
select results_eq($$ select h.subject, h.ok, h.detail from crm.health_fast_path h
  where h.workspace_id = tests.workspace_id() order by h.subject $$,
  $$ values ('messenger:pgtap-page', true, '{"errors": [], "last_at": null}'::jsonb),
    ('whatsapp:pgtap-number', true, '{"errors": [], "last_at": null}') $$, 'each account is well before anything happened');

alter table crm.messages add constraint made_to_fail check (body <> 'refuse me');
select tests.deliver(tests.chat('P1', tests.said('m2', 2, 'refuse me')));
select is(pg_temp.bad(), '{messenger:pgtap-page}', 'an error of the fast path shows');
select is(h.detail -> 'errors', '[{"sqlstate": "23514", "constraint": "made_to_fail", "errors": 1}]', 'with what it was')
from crm.health_fast_path h
where h.workspace_id = tests.workspace_id() and not h.ok;
update crm.fast_path_errors e set last_at = now() - interval '25 hours';
select is(pg_temp.bad(), null, 'for a day');

update crm.fast_path_errors e set last_at = now();
update crm.channel_accounts a set is_active = false where a.external_id = 'pgtap-page';
select is(pg_temp.bad(), null, 'and of active accounts');

select * from finish();
rollback;
