begin;
select plan(5);

select tests.furnish_acme();
select tests.authenticate_as('viewer@acme.test');
select tests.throws_code($$ select crm.update_conversation(v.id, v.version, '{"status": "closed"}') from tests.conversation('psid:P1') v $$, 'PT403', 'forbidden', 'I22: a viewer changes nothing');
select tests.clear_authentication();
create temporary table before as select (tests.conversation('psid:P1')).version as version, (tests.conversation('psid:P1')).id as id;
grant select on before to authenticated;

select tests.authenticate_as('outsider@other.test');
select tests.throws_code(format('select crm.update_conversation(%L, %s, %L)', b.id, b.version, '{"status": "closed"}'), 'PT403', 'forbidden', 'I22: nor does an owner of another workspace') from before b;
select tests.throws_code(format('select crm.update_conversation(%L, %s, %L, %L)', b.id, b.version, '{"status": "closed"}', tests.workspace_id('pgtap-other')), 'PT403', 'forbidden',
  'I22: not even by naming a workspace of theirs') from before b;
select tests.clear_authentication();
select is((tests.conversation('psid:P1')).status, 'open', 'nothing has changed');

select tests.authenticate_as('agent@acme.test');
select lives_ok(format('select crm.update_conversation(%L, %s, %L)', b.id, b.version, '{"status": "closed"}'), 'an agent may') from before b;

select * from finish();
rollback;
