-- I15: a batch never starves for letters that always fail.
begin;
select plan(5);

select tests.create_acme();
select tests.deliver('1', '2', '3');
update crm.dead_letters d set created_at = now() - interval '1 day' where d.workspace_id = tests.workspace_id();
select is((select (r.replayed, r.failed) from crm.replay_dead_letters(2) r), (0, 2), 'a batch takes as many as it was told');
update crm.channel_accounts set is_active = false where external_id = 'pgtap-number';
select crm.ingest_webhook('whatsapp', 'pgtap-number', jsonb_build_array(tests.item(tests.person('{wa_id:573001112233}'))));
update crm.channel_accounts set is_active = true where external_id = 'pgtap-number';
select is((select (r.replayed, r.failed) from crm.replay_dead_letters(2) r), (1, 1), 'the next takes what was never tried, of whatever account');
select is((select array_agg(d.attempts order by d.item::text) filter (where d.status = 'open') from crm.dead_letters d where d.workspace_id = tests.workspace_id()), '{2,2,2}', 'each was tried once more');
create temporary table first_tried as select d.id from crm.dead_letters d where d.workspace_id = tests.workspace_id() and d.status = 'open' order by d.tried_at, d.created_at limit 1;
update crm.dead_letters d set tried_at = d.tried_at - interval '1 hour' from first_tried f where d.id = f.id;
select is((select (r.replayed, r.failed) from crm.replay_dead_letters(1) r), (0, 1), 'then it goes on');
select is((select d.attempts from crm.dead_letters d, first_tried f where d.id = f.id), 3, 'with what was tried longest ago');

select * from finish();
rollback;
