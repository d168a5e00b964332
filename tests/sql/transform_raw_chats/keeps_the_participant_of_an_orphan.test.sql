-- I7
begin;
select plan(7);

select tests.create_acme();
select tests.create_merchant();
select tests.land('chats', tests.b2chat_chat('named', '{"id": null, "name": "María", "mobile_number": "", "email": ""}'), tests.b2chat_chat('nobody', null),
  tests.b2chat_chat('other', '{"name": "María"}'), tests.b2chat_chat('zeros', '{"id": "0", "name": "Unknown", "mobile_number": "+0000000000"}'));
select is(tests.transform('chats'), '{"processed": 4, "created": 4}', 'they are stored without an error');
select is(tests.count_of('contacts'), 0, 'I7: a name is no identity, nor is a blocked value');
select is(tests.count_of('conversations', 't.contact_id is null'), 4, 'I7: nobody is linked');
select is((tests.conversation('named')).metadata #>> '{participant,full_name}', 'María', 'I7: the participant is kept');
select is((tests.conversation('nobody')).metadata, '{}', 'where there was one');
select is(tests.count_of('messages'), 4, 'the messages are there');

select tests.land('chats', tests.b2chat_chat('named', '{"id": 8001, "name": "María", "mobile_number": "+573001112233"}'));
select tests.transform('chats');
select is((tests.conversation('named')).contact_id, (tests.contact('phone:+573001112233')).id, 'I7: a later version of the chat links it');

select * from finish();
rollback;
