-- A delivery called a Brazilian number previous; the same number in its other notation became previous only if it was there before.
begin;
select plan(1);

select tests.create_acme();
select tests.same_in_every_order('pgtap-number', array[
  tests.item(tests.person('{bsuid:BR.1}', jsonb_build_object('previous_identities', tests.identities('{phone:+551187654321}')))),
  jsonb_build_object('source', 'chat_embedded', 'contact', tests.person('{phone:+5511987654321}'))
], 'true', 'I2: what was said of one notation says nothing of the other');

select * from finish();
rollback;
