-- I1: a phone, an e-mail, an identification or a WhatsApp number names a person wherever it is written.
begin;
select plan(12);

select tests.create_acme();
create function pg_temp.id_of(p_source text, p_fields jsonb) returns uuid language sql as $$
  select (tests.upsert(p_source, p_fields) ->> 'contact_id')::uuid
$$;
create table pg_temp.ana as select pg_temp.id_of('contacts_api', '{"full_name": "Ana", "mobile": "300 111 2233", "email": " Ana@X.co ", "identification": "1010"}') as id;
select isnt((select id from pg_temp.ana), null, 'fields alone make a contact');
select set_eq($$ select i.kind, i.value from crm.contact_identities i $$,
  $$ values ('phone', '+573001112233'), ('email', 'ana@x.co'), ('identification', '1010') $$, 'with the identities that they are');
select is(pg_temp.id_of('chat_embedded', tests.person('{phone:3001112233}')), (select id from pg_temp.ana), 'a listed phone finds her');
select is(pg_temp.id_of('chat_embedded', '{"mobile": "+57 (300) 111-2233"}'), (select id from pg_temp.ana), 'a mobile in another notation too');
select is(pg_temp.id_of('chat_embedded', '{"phone": "(300) 111.22.33"}'), (select id from pg_temp.ana), 'so does a phone where there is no mobile');
select is(pg_temp.id_of('chat_embedded', tests.person('{wa_id:573001112233}')), (select id from pg_temp.ana), 'and the WhatsApp number that it is');
select is((tests.contact('wa_id:573001112233')).wa_id, '573001112233', 'which is hers from then on');
select is(pg_temp.id_of('chat_embedded', '{"wa_id": "+57 300 111 2233"}'), (select id from pg_temp.ana), 'in any notation, as a field too');
select is(pg_temp.id_of('chat_embedded', '{"email": "ANA@x.co"}'), (select id from pg_temp.ana), 'an e-mail');
select is(pg_temp.id_of('chat_embedded', '{"identification": "1010"}'), (select id from pg_temp.ana), 'an identification');
select is(pg_temp.id_of('chat_embedded', '{"landline": "300 111 2233", "full_name": "Ana"}'), null, 'a landline and a name are nobody''s identity');
select is(tests.count_of('contacts'), 1, 'there is one Ana');

select * from finish();
rollback;
