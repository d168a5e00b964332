begin;
select plan(4);

select tests.furnish_acme();
select tests.throws_code($$ select crm.update_conversation(gen_random_uuid(), 1, '{"status": "closed"}') $$, 'PT404', 'not_found', 'an unknown conversation');
select tests.throws_code($$ select crm.update_conversation(null, 1, '{"status": "closed"}') $$, 'PT404', 'not_found', 'no conversation');
select tests.throws_code($$ select crm.update_conversation(v.id, v.version, '{"status": "closed"}', tests.workspace_id('pgtap-other')) from tests.conversation('psid:P1') v $$,
  'PT404', 'not_found', 'a conversation of another workspace than named');
select tests.authenticate_as('agent@acme.test');
select tests.throws_code($$ select crm.update_conversation(gen_random_uuid(), 1, '{"status": "closed"}') $$, 'PT403', 'forbidden',
  'I22: members are not told whether one exists elsewhere');

select * from finish();
rollback;
