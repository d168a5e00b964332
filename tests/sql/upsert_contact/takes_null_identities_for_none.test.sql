begin;
select plan(3);

select tests.create_acme();
select is(tests.upsert('chat_embedded', '{"identities": null, "full_name": "Ana"}') ->> 'outcome', 'ignored', 'null identities are none');
select is(tests.upsert('chat_embedded', '{"full_name": "Ana"}') ->> 'outcome', 'ignored', 'as are missing ones');
select is(tests.upsert('chat_embedded', '{"identities": [{"kind": "email", "value": "a@x.co"}], "previous_identities": null}') ->> 'outcome', 'created', 'and null previous ones');

select * from finish();
rollback;
