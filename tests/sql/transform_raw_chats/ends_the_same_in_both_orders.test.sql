-- I2, I3
begin;
select plan(3);

select tests.create_acme();
select tests.create_merchant('{"time_zone": "America/Bogota"}');
select tests.land('contacts', tests.b2chat_contact(1, '{"fullname": "Ana Ruiz", "mobile": "3001112233", "city": "Cali", "updated": "2025-12-01 10:00:00"}'),
  tests.b2chat_contact(2, '{"fullname": "Unknown", "email": "luis@x.co", "custom_attributes": [{"name": "Zona", "value": null}]}'),
  tests.b2chat_contact(3, '{"fullname": "Eva", "identification": "3030"}'));
select tests.land('chats', tests.b2chat_chat('c1', '{"id": 8001, "name": "Anita", "mobile_number": "+573001112233", "email": "ana@x.co"}'),
  tests.b2chat_chat('c2', '{"id": 8002, "name": "Luis", "email": "luis@x.co", "phone_number": "6021234567", "custom_attributes": [{"name": "Zona", "value": "Sur"}]}',
    '{"status": "CLOSED", "closed_at": "2026-01-02 12:00:00"}'),
  tests.b2chat_chat('c3', '{"id": 8002, "name": "Lucho", "email": "luis@x.co"}', '{"created_at": "2026-01-03 10:00:00"}'),
  tests.b2chat_chat('c4', '{"name": "Pedro"}'));

create function pg_temp.try(variadic p_entities text[]) returns jsonb language plpgsql as $$
declare
  v_entity text;
  v_state jsonb;
begin
  foreach v_entity in array p_entities loop
    perform tests.transform(v_entity);
  end loop;
  v_state := tests.state(tests.workspace_id());
  raise sqlstate 'TT000';
exception when sqlstate 'TT000' then
  return v_state;
end $$;
create temporary table outcome as select pg_temp.try('contacts', 'chats') as contacts_first, pg_temp.try('chats', 'contacts') as chats_first;
select is(o.chats_first, o.contacts_first, 'I2: chats and contacts end the same in both orders') from outcome o;
select is(jsonb_array_length(o.contacts_first -> 'contacts'), 3, 'I2: three people') from outcome o;
select is((select jsonb_agg(c.value ->> 'full_name' order by c.value ->> 'full_name') from outcome o, jsonb_array_elements(o.contacts_first -> 'contacts') c),
  '["Ana Ruiz", "Eva", "Lucho"]', 'I3: a name the API gave stays; where it gave none, the newest of the chats''');

select * from finish();
rollback;
