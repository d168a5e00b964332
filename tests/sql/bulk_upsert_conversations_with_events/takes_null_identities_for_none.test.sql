-- I7
begin;
select plan(2);

select tests.create_acme();
select is(tests.deliver('{"thread_id": "t1", "participant": {"identities": null, "full_name": "Ana"}, "events": []}') #>> '{0,error}', null, 'null identities are none, and no error');
select is((tests.conversation('t1')).metadata #>> '{participant,full_name}', 'Ana', 'I7: the conversation waits for its contact');

select * from finish();
rollback;
