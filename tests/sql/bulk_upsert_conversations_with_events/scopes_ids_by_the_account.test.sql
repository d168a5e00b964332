-- I1: a psid belongs to its page, a bsuid to the business its account names.
begin;
select plan(6);

select tests.create_acme();
select crm.connect_channel(tests.workspace_id(), 'messenger', 'pgtap-second', 'Second page');
select tests.deliver(tests.chat('P1', tests.said('m1', 1))), tests.ingest('pgtap-second', tests.chat('P1', tests.said('m1', 1)));
select is(tests.count_of('contacts'), 2, 'I1: the same psid on two pages is two people');
select is((select array_agg(i.scope order by i.scope) from crm.contact_identities i where i.workspace_id = tests.workspace_id()), array['pgtap-page', 'pgtap-second'], 'each scoped by its page');
select is(tests.count_of('conversations'), 2, 'with a conversation each');
select is(tests.count_of('messages'), 2, 'I9: and a message id is the account''s');

select tests.ingest('pgtap-number', tests.item(tests.person('{bsuid@WABA1:CO.1}'), tests.said('w1', 1)));
select is((select i.scope from crm.contact_identities i where i.workspace_id = tests.workspace_id() and i.kind = 'bsuid'), 'WABA1', 'a bsuid as the delivery says');
update crm.channel_accounts set settings = '{"business_id": "B1"}' where external_id = 'pgtap-number';
select tests.ingest('pgtap-number', tests.item(tests.person('{bsuid@WABA1:CO.2}'), tests.said('w2', 2)));
select is((select i.scope from crm.contact_identities i where i.workspace_id = tests.workspace_id() and i.value = 'CO.2'), 'B1', 'or as the account''s business_id says');

select * from finish();
rollback;
