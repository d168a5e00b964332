begin;
select plan(3);

select tests.create_acme();
select tests.deliver(tests.chat('P1', tests.said('m0', 0)), tests.chat('P2', tests.said('n0', 0)));
select is(tests.deliver(tests.chat('P1', tests.said('m1', 1))) -> 0 #- '{conversation_id}' #- '{contact_id}',
  tests.deliver(tests.general_path(tests.chat('P2', tests.said('n1', 1)))) -> 0 #- '{conversation_id}' #- '{contact_id}', 'a new message of a stub');
select is(tests.deliver(tests.chat('P1', tests.said('m1', 1))) -> 0 #- '{conversation_id}' #- '{contact_id}',
  tests.deliver(tests.general_path(tests.chat('P2', tests.said('n1', 1)))) -> 0 #- '{conversation_id}' #- '{contact_id}', 'the same again');
select tests.upsert('contacts_api', tests.person(array['psid@pgtap-page:' || p.psid])) from unnest(array['P1', 'P2']) p (psid);
select is(tests.deliver(tests.chat('P1', tests.said('m2', 2))) -> 0 #- '{conversation_id}' #- '{contact_id}',
  tests.deliver(tests.general_path(tests.chat('P2', tests.said('n2', 2)))) -> 0 #- '{conversation_id}' #- '{contact_id}', 'a new message of a full contact');

select * from finish();
rollback;
