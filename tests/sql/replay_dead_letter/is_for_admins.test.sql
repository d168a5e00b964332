-- I22
begin;
select plan(6);

select tests.furnish_acme();
create temporary table letter as select d.id from crm.dead_letters d where d.workspace_id = tests.workspace_id() limit 1;
grant select on letter to authenticated;
select tests.throws_code('select crm.replay_dead_letter(gen_random_uuid())', 'PT404', 'not_found');
select tests.throws_code(format('select crm.replay_dead_letter(%L, %L)', l.id, tests.workspace_id('pgtap-other')), 'PT404', 'not_found', 'not under another workspace') from letter l;
select crm.ingest_webhook('messenger', 'pgtap-nobody', jsonb_build_array(tests.chat('P1')));
create temporary table orphan as select d.id from crm.dead_letters d where d.account_external_id = 'pgtap-nobody';
grant select on orphan to authenticated;

select tests.authenticate_as('agent@acme.test');
select tests.throws_code(format('select crm.replay_dead_letter(%L)', l.id), 'PT403', 'forbidden', 'an agent may not') from letter l;
select tests.authenticate_as('owner@acme.test');
select tests.throws_code(format('select crm.replay_dead_letter(%L)', o.id), 'PT403', 'forbidden', 'I22: what belongs to no workspace no member replays') from orphan o;
select tests.throws_code('select crm.replay_dead_letter(gen_random_uuid())', 'PT403', 'forbidden', 'nor learns that it does not exist');
select tests.authenticate_as('admin@acme.test');
select is((select r.replayed from letter l, crm.replay_dead_letter(l.id, tests.workspace_id()) r), false, 'an admin may');

select * from finish();
rollback;
