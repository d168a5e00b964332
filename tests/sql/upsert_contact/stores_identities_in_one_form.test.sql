-- I1: the same value written differently is the same identity.
begin;
select plan(7);

select tests.create_acme();
select tests.upsert('chat_embedded', tests.person('{email: Ana@X.CO ,phone:+57 (300) 111-22.33}'));
select is(tests.upsert('chat_embedded', tests.person('{email:ana@x.co}')) ->> 'outcome', 'unchanged', 'e-mail: trimmed, in lower case');
select is(tests.upsert('chat_embedded', tests.person('{phone:+573001112233}')) ->> 'outcome', 'unchanged', 'phone: in E.164');
select is(tests.identities_of(tests.workspace_id(), (tests.contact('email:ana@x.co')).id), '["email@:ana@x.co", "phone@:+573001112233"]', 'and so they are kept');
select is(tests.upsert('chat_embedded', tests.person('{identification: AB1 }')) ->> 'outcome', 'created', 'others are trimmed');
select is((tests.contact('identification:AB1')).identification, 'AB1', 'an identification is also a field');
select is(tests.upsert('chat_embedded', tests.person('{identification:ab1}')) ->> 'outcome', 'created', 'and keep their case');
select is(tests.upsert('chat_embedded', tests.person('{email@ignored:ana@x.co}')) ->> 'outcome', 'unchanged', 'a kind without scopes has none');

select * from finish();
rollback;
