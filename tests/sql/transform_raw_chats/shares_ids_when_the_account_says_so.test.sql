begin;
select plan(4);

select tests.create_acme();
select tests.create_merchant();
select tests.land('chats', tests.b2chat_chat('c1', '{"id": 1, "name": "Ana"}'));
select tests.transform('chats');
select tests.land('contacts', tests.b2chat_contact(1, '{"fullname": "Luis"}'));
select is(tests.transform('contacts'), '{"processed": 1, "created": 1}', 'nothing proves that both exports number people alike');

update crm.channel_accounts a set settings = '{"shared_contact_ids": true}' where a.external_id = 'pgtap-merchant';
select tests.land('contacts', tests.b2chat_contact(2, '{"fullname": "Ana Ruiz"}'));
select tests.land('chats', tests.b2chat_chat('c2', '{"id": 2, "name": "Ana"}'), tests.b2chat_chat('c3', '{"id": 3, "name": "Eva"}'));
select tests.transform('contacts'), tests.transform('chats');
select is((tests.conversation('c2')).contact_id, (select i.contact_id from crm.contact_identities i where i.scope = 'contacts:pgtap-merchant' and i.value = '2'),
  'unless the account''s settings say so');
select tests.land('contacts', tests.b2chat_contact(3, '{"fullname": "Eva Paz"}'));
select is(tests.transform('contacts'), '{"processed": 1, "upgraded": 1}', 'in either order');
select is(tests.count_of('contacts'), 4, 'one contact each');

select * from finish();
rollback;
