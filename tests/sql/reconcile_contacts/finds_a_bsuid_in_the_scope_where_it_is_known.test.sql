-- A participant's key does not say the WhatsApp account that a bsuid belongs to.
begin;
select plan(5);

select tests.create_acme();
select tests.ingest('pgtap-number', tests.item(tests.person('{bsuid@WABA:CO.1}'), tests.said('w1', 1)), tests.item(tests.person('{bsuid@WABA:CO.2}'), tests.said('w2', 2)));
delete from crm.contacts c where c.workspace_id = tests.workspace_id();
select tests.upsert('contacts_api', tests.person('{bsuid@WABA:CO.1}'));
select is((select r.orphaned_conversations_fixed from crm.reconcile_contacts(tests.workspace_id()) r), 1, 'the one somebody has');
select is((tests.conversation('bsuid:CO.1')).contact_id, (tests.contact('bsuid:CO.1')).id, 'is linked to its owner');
select is((tests.conversation('bsuid:CO.2')).contact_id, null, 'the other is passed by: no contact is made in a scope that was guessed');

update crm.channel_accounts a set settings = '{"business_id": "BUSINESS"}' where a.external_id = 'pgtap-number';
select is((select r.orphaned_conversations_fixed from crm.reconcile_contacts(tests.workspace_id()) r), 1, 'where the account names its business, there is nothing to guess');
select is((select i.scope from crm.contact_identities i where i.contact_id = (tests.conversation('bsuid:CO.2')).contact_id), 'BUSINESS', 'the scope is the business');

select * from finish();
rollback;
