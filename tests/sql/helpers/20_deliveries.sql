-- What is delivered.

-- A list of identities, each written `kind:value` or `kind@scope:value`.
create or replace function tests.identities(p_identities text[]) returns jsonb
language sql immutable set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', m.part[1], 'scope', m.part[2], 'value', m.part[3])) order by i.place), '[]')
  from unnest(p_identities) with ordinality i (text, place)
  cross join lateral regexp_match(i.text, '^([^:@]+)(?:@([^:]*(?::[^:]*)?))?:(.*)$') m (part)
$$;

-- A participant, or a contact of the Contacts API: identities and whatever else is known.
create or replace function tests.person(p_identities text[], p_fields jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('identities', tests.identities(p_identities)) || p_fields
$$;

-- An inbound message, an outbound one, a status, and any other event; p_at is in seconds, as in tests.ms.
create or replace function tests.said(p_id text, p_at numeric, p_text text default 'Hola', p_more jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('type', 'message', 'direction', 'inbound', 'provider_message_id', p_id,
    'occurred_at', tests.ms(p_at), 'text', p_text) || p_more
$$;
create or replace function tests.sent(p_id text, p_at numeric, p_text text default 'Buenas', p_more jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select tests.said(p_id, p_at, p_text, p_more || '{"direction": "outbound"}')
$$;
create or replace function tests.status(p_id text, p_status text, p_at numeric, p_more jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('type', 'status', 'provider_message_id', p_id, 'status', p_status, 'occurred_at', tests.ms(p_at)) || p_more
$$;
create or replace function tests.happened(p_type text, p_at numeric, p_id text default null, p_payload jsonb default null) returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_strip_nulls(jsonb_build_object('type', p_type, 'provider_message_id', p_id, 'occurred_at', tests.ms(p_at), 'payload', p_payload))
$$;
-- A `read` or `delivery` of everything up to a time.
create or replace function tests.watermark(p_type text, p_up_to numeric) returns jsonb
language sql immutable set search_path = '' as $$
  select tests.happened(p_type, p_up_to, null, jsonb_build_object('watermark', tests.ms(p_up_to)))
$$;

-- An InboundItem of this participant.
create or replace function tests.item(p_participant jsonb, variadic p_events jsonb[] default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('participant', p_participant, 'events', to_jsonb(p_events))
$$;
-- An InboundItem of Messenger's person with this psid. Once the person is known, one with a single message takes the ingest's fast path.
create or replace function tests.chat(p_psid text, variadic p_events jsonb[] default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select tests.item(tests.person(array['psid:' || p_psid]), variadic p_events)
$$;
-- The same item, written so that it takes the general path.
create or replace function tests.general_path(p_item jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_set(p_item, '{participant,previous_identities}', '[]')
$$;

-- Ingests items into the account and returns the rows of results as an array. Deferred keys are checked at once.
create or replace function tests.ingest(p_account_external_id text, variadic p_items jsonb[]) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_results jsonb;
begin
  select jsonb_agg(to_jsonb(r) order by r.ordinal) into v_results
  from crm.bulk_upsert_conversations_with_events(tests.account_id(p_account_external_id), to_jsonb(p_items)) r;
  set constraints all immediate;
  set constraints all deferred;
  return v_results;
end $$;

-- Ingests items into the Messenger page of workspace pgtap-acme.
create or replace function tests.deliver(variadic p_items jsonb[]) returns jsonb
language sql set search_path = '' as $$
  select tests.ingest('pgtap-page', variadic p_items)
$$;

-- Upserts a contact in workspace pgtap-acme and returns the row of the result. Deferred keys are checked at once.
create or replace function tests.upsert(p_sync_source text, p_contact jsonb) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_result jsonb;
begin
  select to_jsonb(r) into strict v_result from crm.upsert_contact(tests.workspace_id(), p_sync_source, p_contact) r;
  set constraints all immediate;
  set constraints all deferred;
  return v_result;
end $$;

-- The B2Chat merchant `pgtap-merchant` of workspace pgtap-acme, with these settings. Returns the account's id.
create or replace function tests.create_merchant(p_settings jsonb default '{}') returns uuid
language plpgsql set search_path = '' as $$
declare
  v_id uuid := crm.connect_channel(tests.workspace_id(), 'b2chat', 'pgtap-merchant', 'Acme''s merchant');
begin
  perform crm.update_channel_account(v_id, p_settings);
  return v_id;
end $$;

-- A record of B2Chat's contacts export, and a message and a record of its chats export; times are local, without a zone.
create or replace function tests.b2chat_contact(p_id int, p_fields jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('contact_id', p_id, 'fullname', null, 'identification', '', 'email', '', 'landline', '', 'mobile', null,
    'updated', '2026-01-25 16:24:14', 'custom_attributes', null, 'tags', null) || p_fields
$$;
create or replace function tests.b2chat_message(p_body text, p_at text, p_fields jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('body', p_body, 'caption', null, 'broadcasted', false, 'incoming', true, 'type', 'TEXT', 'created_at', p_at,
    'location', null) || p_fields
$$;
create or replace function tests.b2chat_chat(p_id text, p_contact jsonb, p_fields jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('chat_id', p_id, 'status', 'OPENED', 'contact', p_contact, 'created_at', '2026-01-02 11:17:37', 'closed_at', null,
    'messages', jsonb_build_array(tests.b2chat_message('Hola', '2026-01-02 11:17:37'))) || p_fields
$$;

-- Lands records of the merchant (see create_merchant), and transforms all that is pending of the entity. Each returns the row of the result.
create or replace function tests.land(p_entity text, variadic p_records jsonb[]) returns jsonb
language plpgsql set search_path = '' as $$
begin
  return (
    select to_jsonb(l) from crm.land_raw_records(tests.account_id('pgtap-merchant'), p_entity, to_jsonb(p_records)) l
  );
end $$;
create or replace function tests.transform(p_entity text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_counts jsonb;
begin
  if p_entity = 'contacts' then
    select jsonb_object_agg(c.key, c.value) filter (where c.value <> '0') into v_counts from crm.transform_raw_contacts() t, jsonb_each(to_jsonb(t)) c;
  else
    select jsonb_object_agg(c.key, c.value) filter (where c.value <> '0') into v_counts from crm.transform_raw_chats() t, jsonb_each(to_jsonb(t)) c;
  end if;
  set constraints all immediate;
  set constraints all deferred;
  return coalesce(v_counts, '{}');
end $$;
