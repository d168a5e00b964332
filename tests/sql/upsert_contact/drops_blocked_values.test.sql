-- I1: values that stand for nobody are never identities.
begin;
select plan(14);

select tests.create_acme();
select is(tests.upsert('chat_embedded', tests.person(array[b.identity])) ->> 'outcome', 'ignored', b.identity)
from unnest(array['phone:hidden', 'phone:+00000000', 'psid:0', 'wa_id:000000000', 'identification:ANONYMOUS', 'identification:unknown',
  'psid:private', 'bsuid:null', 'identification:N/A', 'email:not an e-mail', 'phone:12']) b (identity);
select is(tests.count_of('contact_identities'), 0, 'none of them is kept');

select is(tests.upsert('chat_embedded', tests.person('{psid:anonymous,email:a@x.co}')) ->> 'outcome', 'created', 'the other identities count');
select is(tests.identities_of(tests.workspace_id(), (tests.contact('email:a@x.co')).id), '["email@:a@x.co"]', 'and they alone');

select * from finish();
rollback;
