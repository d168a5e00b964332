-- I4
begin;
select plan(6);

select tests.create_acme();
select tests.deliver(tests.item(tests.person('{psid:P1,phone:+573001112233}', '{"full_name": "Anita", "city": "Cali"}'), tests.said('m1', 50)));
create temporary table stub as select (tests.contact('psid:P1')).id as id;
create temporary table result as select tests.upsert('contacts_api', tests.person('{phone:+573001112233,email:ana@x.co}',
  jsonb_build_object('full_name', 'Ana Ruiz', 'city', null, 'company', '', 'source_updated_at', tests.ms(10)))) as r;

select is(r - 'version', jsonb_build_object('contact_id', s.id, 'outcome', 'upgraded', 'sync_source', 'upgraded'), 'I4: the stub is upgraded, with the same id') from result, stub s;
select is((tests.contact('email:ana@x.co')).full_name, 'Ana Ruiz', 'I4: the API''s value wins, even over a newer one');
select is((tests.contact('email:ana@x.co')).city, 'Cali', 'I4: an API null erases nothing');
select is((tests.contact('email:ana@x.co')).needs_full_sync, false, 'I4: it needs no full sync any more');
select is((tests.conversation('psid:P1')).contact_id, s.id, 'I4: its conversation is still its own') from stub s;
select is(tests.count_of('contacts'), 1, 'I4: nobody else was created');

select * from finish();
rollback;
