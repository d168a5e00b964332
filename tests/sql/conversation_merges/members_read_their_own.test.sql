begin;
select plan(6);

select tests.furnish_acme();

select is(tests.count_of('conversation_merges'), 1, 'a thread was merged');
select tests.authenticate_as('viewer@acme.test');
select is((select count(*)::int from crm.conversation_merges), 1, 'a viewer of the workspace reads where it went');
select is((select count(*)::int from crm.conversation_merges m join crm.conversations v on v.id = m.survivor_id), 1, 'and what it is now');
select tests.throws_code('delete from crm.conversation_merges', '42501', null, 'I22: and deletes nothing');
select tests.authenticate_as('outsider@other.test');
select is_empty('select from crm.conversation_merges', 'I22: a member of another workspace sees nothing');
select tests.as_anon();
select tests.throws_code('select from crm.conversation_merges', '42501', null, 'I22: anon may not even look');
select tests.clear_authentication();

select * from finish();
rollback;
