-- Helpers for the pgTAP files: who acts, what is delivered, what is stored, and assertions about it. Schema `tests` exists in test databases only.
create schema if not exists tests;
grant usage on schema tests to public;

-- Returns the id of the user with this email; makes the user the first time.
create or replace function tests.create_user(p_email text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  insert into auth.users (email, raw_app_meta_data, raw_user_meta_data) values (p_email, '{}', '{}')
  on conflict (email) where is_sso_user = false do nothing
  returning id into v_id;
  return coalesce(v_id, tests.user_id(p_email));
end $$;

-- The id of a user made with `create_user`.
create or replace function tests.user_id(p_email text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  select u.id into strict v_id from auth.users u where u.email = p_email;
  return v_id;
exception when no_data_found then
  raise exception 'no test user %: call tests.create_user first', p_email;
end $$;

-- A workspace with this slug.
create or replace function tests.create_workspace(p_slug text, p_default_country text default 'CO') returns uuid
language plpgsql set search_path = '' as $$
begin
  return crm.create_workspace(p_slug => p_slug, p_name => initcap(p_slug), p_default_country => p_default_country);
end $$;

-- A user with a role in a workspace. Returns the user's id.
create or replace function tests.create_member(p_workspace_id uuid, p_email text, p_role text) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_user_id uuid := tests.create_user(p_email);
begin
  perform crm.add_member(p_workspace_id => p_workspace_id, p_user_id => v_user_id, p_role => p_role);
  return v_user_id;
end $$;

-- From here to the end of the transaction, act as this user through the API.
create or replace function tests.authenticate_as(p_email text) returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', jsonb_build_object(
    'role', 'authenticated', 'sub', tests.user_id(p_email), 'email', p_email, 'aud', 'authenticated')::text, true);
  perform set_config('role', 'authenticated', true);
end $$;

-- Act as the holder of the secret key.
create or replace function tests.as_service() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', '{"role": "service_role"}', true);
  perform set_config('role', 'service_role', true);
end $$;

-- Act as somebody who is not signed in.
create or replace function tests.as_anon() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', '{"role": "anon"}', true);
  perform set_config('role', 'anon', true);
end $$;

-- Act as the test itself again.
create or replace function tests.clear_authentication() returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', '', true);
  perform set_config('role', 'none', true);
end $$;

-- Passes when the statement raises this SQLSTATE and, unless null, its detail is JSON with this `code`.
create or replace function tests.throws_code(p_sql text, p_sqlstate text, p_code text default null, p_description text default null)
returns text language plpgsql as $$
declare
  v_state text := 'no error';
  v_message text;
  v_detail text;
  v_code text;
begin
  begin
    execute p_sql;
  -- `others` leaves these two out.
  exception when others or query_canceled or assert_failure then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
  end;
  begin
    v_code := v_detail::jsonb ->> 'code';
  exception when invalid_text_representation then
    v_code := null;
  end;
  return extensions.ok(
    v_state = p_sqlstate and (p_code is null or v_code is not distinct from p_code),
    coalesce(p_description, format('raises %s %s: %s', p_sqlstate, coalesce(p_code, ''), p_sql))
  ) || case
    when v_state = p_sqlstate and (p_code is null or v_code is not distinct from p_code) then ''
    else E'\n' || extensions.diag(format('wanted %s %s, caught %s %s: %s', p_sqlstate, p_code, v_state, v_code, v_message))
  end;
end $$;

-- Workspace `pgtap-acme` with the Messenger page `pgtap-page` and the WhatsApp number `pgtap-number`: where most files play.
-- Returns the workspace's id.
create or replace function tests.create_acme() returns uuid
language plpgsql set search_path = '' as $$
declare
  v_id uuid := tests.create_workspace('pgtap-acme');
begin
  perform crm.connect_channel(v_id, 'messenger', 'pgtap-page', 'Acme''s page');
  perform crm.connect_channel(v_id, 'whatsapp', 'pgtap-number', 'Acme''s number');
  return v_id;
end $$;

create or replace function tests.workspace_id(p_slug text default 'pgtap-acme') returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select w.id from crm.workspaces w where w.slug = p_slug
  );
end $$;

create or replace function tests.account_id(p_external_id text) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select a.id from crm.channel_accounts a where a.external_id = p_external_id
  );
end $$;

-- A time of the tests, in seconds from 2025-01-15 12:00 UTC: as a provider's milliseconds, and as the database has it.
create or replace function tests.ms(p_seconds numeric) returns bigint
language sql immutable set search_path = '' as $$
  select (1736942400000 + p_seconds * 1000)::bigint
$$;
create or replace function tests.moment(p_seconds numeric) returns timestamptz
language sql immutable set search_path = '' as $$
  select to_timestamp(1736942400 + p_seconds)
$$;

-- What is delivered ---------------------------------------------------------------------------------------------------

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
-- An InboundItem of Messenger's person with this psid. Once the person is known, one with a single message takes the ingest's short way.
create or replace function tests.chat(p_psid text, variadic p_events jsonb[] default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select tests.item(tests.person(array['psid:' || p_psid]), variadic p_events)
$$;
-- The same item, written so that it takes the general way.
create or replace function tests.the_long_way(p_item jsonb) returns jsonb
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
  update crm.channel_accounts a set settings = p_settings where a.id = v_id;
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

-- What is stored ------------------------------------------------------------------------------------------------------

-- The contact of workspace pgtap-acme that owns the identity `kind:value`; a null row when nobody does.
create or replace function tests.contact(p_identity text) returns crm.contacts
language plpgsql stable set search_path = '' as $$
begin
  return (
    select c
    from crm.contact_identities i
    join crm.contacts c on c.workspace_id = i.workspace_id and c.id = i.contact_id
    where i.workspace_id = tests.workspace_id() and i.kind || ':' || i.value = p_identity
  );
end $$;

-- The conversation of workspace pgtap-acme with this key: a thread id, or `<identity kind>:<value>` of the participant.
create or replace function tests.conversation(p_key text) returns crm.conversations
language plpgsql stable set search_path = '' as $$
begin
  return (
    select v
    from crm.conversation_keys k
    join crm.conversations v on v.workspace_id = k.workspace_id and v.id = k.conversation_id
    where k.workspace_id = tests.workspace_id() and k.value = p_key
  );
end $$;

-- The message of workspace pgtap-acme with this provider message id.
create or replace function tests.message(p_id text) returns crm.messages
language plpgsql stable set search_path = '' as $$
begin
  return (
    select m from crm.messages m where m.workspace_id = tests.workspace_id() and m.provider_message_id = p_id
  );
end $$;

-- How many rows the table of schema crm has in workspace pgtap-acme; p_condition is about `t`.
create or replace function tests.count_of(p_table text, p_condition text default 'true') returns int
language plpgsql stable set search_path = '' as $$
declare
  v_count int;
begin
  execute format('select count(*) from crm.%I t where t.workspace_id = $1 and (%s)', p_table, p_condition)
  into v_count using tests.workspace_id();
  return v_count;
end $$;

-- The identities of a contact, sorted.
create or replace function tests.identities_of(p_workspace_id uuid, p_contact_id uuid) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(i.kind || '@' || i.scope || ':' || i.value order by i.kind collate "C", i.scope collate "C", i.value), '[]')
    from crm.contact_identities i
    where i.workspace_id = p_workspace_id and i.contact_id = p_contact_id
  );
end $$;

-- Every row of the workspace in schema crm, without what an update always changes: what a round trip must bring back.
create or replace function tests.rows(p_workspace_id uuid) returns table (relation text, content jsonb)
language plpgsql stable set search_path = '' as $$
begin
  for relation in
    select c.relname::text from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id'
    where c.relnamespace = 'crm'::regnamespace and c.relkind = 'r'
  loop
    for content in execute format('select to_jsonb(t) - ''{version,updated_at}''::text[] from crm.%I t where t.workspace_id = $1', relation)
      using p_workspace_id
    loop
      return next;
    end loop;
  end loop;
end $$;

-- Everything that a workspace holds and that must not depend on the order of arrival, as one value.
create or replace function tests.state(p_workspace_id uuid) returns jsonb
language plpgsql stable set search_path = '' set jit = off as $$
begin
  return (
    with contacts as (
      select c.id, tests.identities_of(c.workspace_id, c.id) as identities,
        to_jsonb(c) - '{workspace_id,id,version,created_at,updated_at,last_sync_at}'::text[]
          || jsonb_build_object('sync_source', replace(c.sync_source, 'upgraded', 'contacts_api')) as fields
      from crm.contacts c
      where c.workspace_id = p_workspace_id and c.merged_into_id is null
    ), conversations as (
      select v.id, v.contact_id, to_jsonb(v) - '{workspace_id,id,channel_account_id,contact_id,version,created_at,updated_at}'::text[] as fields,
        (select jsonb_agg(k.kind || ':' || k.value order by k.kind, k.value) from crm.conversation_keys k where k.conversation_id = v.id) as keys
      from crm.conversations v
      where v.workspace_id = p_workspace_id
    )
    select jsonb_build_object(
      'contacts', (select jsonb_agg(c.fields || jsonb_build_object('identities', c.identities) order by c.identities) from contacts c),
      'identities', (
        select jsonb_agg(jsonb_build_array(i.kind, i.scope, i.value, i.is_previous) order by i.kind, i.scope, i.value)
        from crm.contact_identities i where i.workspace_id = p_workspace_id),
      'candidates', (
        select jsonb_agg(jsonb_build_array(least(a.identities, b.identities), greatest(a.identities, b.identities), m.status, m.evidence)
          order by least(a.identities, b.identities) || greatest(a.identities, b.identities))
        from crm.merge_candidates m
        join contacts a on a.id = m.contact_a_id
        join contacts b on b.id = m.contact_b_id
        where m.workspace_id = p_workspace_id),
      'conversations', (
        select jsonb_agg(v.fields || jsonb_build_object(
          'keys', v.keys,
          'contact', c.identities,
          'tags', (select jsonb_agg(t.tag || ' ' || t.set_by order by t.tag) from crm.conversation_tags t where t.conversation_id = v.id),
          'messages', (
            select jsonb_agg(to_jsonb(m) - '{workspace_id,id,channel_account_id,conversation_id,created_at}'::text[] order by m.provider_message_id)
            from crm.messages m where m.conversation_id = v.id),
          'events', (
            select jsonb_agg(to_jsonb(e) - '{workspace_id,id,channel_account_id,conversation_id,created_at,contact_id,message_id}'::text[]
              || jsonb_build_object('message', m.provider_message_id, 'is_its_contacts', e.contact_id is not distinct from v.contact_id)
              order by e.event_key)
            from crm.contact_interaction_events e
            left join crm.messages m on m.workspace_id = e.workspace_id and m.id = e.message_id
            where e.conversation_id = v.id)
        ) order by v.keys)
        from conversations v
        left join contacts c on c.id = v.contact_id),
      'dead_letters', (
        select jsonb_agg(jsonb_build_array(d.reason, d.path, d.item, d.status) order by d.item_hash)
        from crm.dead_letters d where d.workspace_id = p_workspace_id))
  );
end $$;

-- An agent's decision about the contacts of two identities of workspace pgtap-acme. Returns the merge's id.
create or replace function tests.merge(p_survivor text, p_duplicate text) returns uuid
language plpgsql set search_path = '' as $$
begin
  return crm.merge_contacts((tests.contact(p_survivor)).id, (tests.contact(p_duplicate)).id, 'they are one person');
end $$;

-- Somebody of everybody, and something of everything: users viewer@, agent@, admin@ and owner@acme.test, outsider@other.test (owner
-- of workspace pgtap-other), and at least one row of workspace pgtap-acme in every table and view of schema crm.
create or replace function tests.furnish_acme() returns void
language plpgsql set search_path = '' as $$
declare
  v_acme uuid := tests.create_acme();
begin
  perform tests.create_member(v_acme, r.role || '@acme.test', r.role) from unnest(array['viewer', 'agent', 'admin', 'owner']) r (role);
  perform tests.create_member(tests.create_workspace('pgtap-other'), 'outsider@other.test', 'owner');
  insert into crm.blocked_identity_values (workspace_id, kind, pattern) values (v_acme, 'email', '.*@acme[.]test');
  insert into crm.sync_state (workspace_id, resource) values (v_acme, 'pgtap');

  perform tests.deliver(tests.chat('P1', tests.said('m1', 1)), '{"participant": {}, "events": []}');
  perform crm.update_conversation(v.id, v.version, '{"tags_add": ["vip"]}') from tests.conversation('psid:P1') v;
  -- Two stubs that turn out to be one person, and two full contacts that a chat speaks of as one.
  perform tests.upsert('chat_embedded', tests.person('{email:one@x.co}')), tests.upsert('chat_embedded', tests.person('{phone:+573001112233}')),
    tests.upsert('chat_embedded', tests.person('{email:one@x.co,phone:+573001112233}'));
  update crm.contacts c set created_at = now() - interval '8 days' where c.id = (tests.contact('email:one@x.co')).id;
  perform tests.deliver('{"thread_id": "pgtap-nobody", "events": []}');
  perform tests.upsert('contacts_api', tests.person('{email:two@x.co}')), tests.upsert('contacts_api', tests.person('{phone:+573009998877}')),
    tests.upsert('chat_embedded', tests.person('{email:two@x.co,phone:+573009998877}'));

  -- What a sync leaves.
  perform tests.create_merchant();
  perform crm.acquire_sync_lock('b2chat:pgtap-merchant:export', 'test');
  perform crm.land_raw_records(tests.account_id('pgtap-merchant'), 'contacts', '[{"contact_id": 1}]', p_resource => 'b2chat:pgtap-merchant:export', p_cursor => '{}');
end $$;

-- The functions of schema crm that members may call, with the least role and a call that names rows of workspace pgtap-acme
-- (see furnish_acme): whoever may not call it is told so before anything else is looked at.
create or replace function tests.member_functions() returns table (name text, least_role text, call text)
language sql stable security definer set search_path = '' as $$
  select f.name, f.least_role, format('select crm.%I(%s)', f.name, f.arguments)
  from (values
    ('channel_account', 'admin', format('%L', tests.account_id('pgtap-merchant'))),
    ('add_member', 'owner', format('%L, gen_random_uuid(), %L', tests.workspace_id(), 'nonsense')),
    ('contact_sync_stats', 'viewer', format('%L', tests.workspace_id())),
    ('explain_contact', 'viewer', format('%L', (tests.contact('psid:P1')).id)),
    ('merge_contacts', 'agent', format('%L, gen_random_uuid(), null', (tests.contact('psid:P1')).id)),
    ('unmerge_contacts', 'agent', format('%L', (select m.id from crm.contact_merges m where m.workspace_id = tests.workspace_id() limit 1))),
    ('require_role', 'admin', format('%L, %L', tests.workspace_id(), 'admin')),
    ('reject_merge_candidate', 'agent', format('%L', (select m.id from crm.merge_candidates m where m.workspace_id = tests.workspace_id() limit 1))),
    ('update_conversation', 'agent', format('%L, -1, %L', (tests.conversation('psid:P1')).id, '{"nonsense": true}'))
  ) f (name, least_role, arguments)
$$;

-- Assertions ----------------------------------------------------------------------------------------------------------

-- How many tuples this transaction has written so far, by table of schema crm.
create or replace function tests.tuples_written() returns jsonb
language plpgsql volatile set search_path = '' as $$
begin
  return (
    select jsonb_object_agg(s.relname, jsonb_build_array(s.n_tup_ins, s.n_tup_upd, s.n_tup_del))
    from pg_catalog.pg_stat_xact_user_tables s
    where s.schemaname = 'crm'
  );
end $$;

-- Passes when the statement inserts, updates and deletes no tuple of schema crm.
create or replace function tests.writes_nothing(p_sql text, p_description text) returns text
language plpgsql as $$
declare
  v_before jsonb := tests.tuples_written();
  v_after jsonb;
begin
  execute p_sql;
  v_after := tests.tuples_written();
  return extensions.is(v_after, v_before, p_description);
end $$;

-- Every order of 1 to p_count.
create or replace function tests.orders(p_count int) returns setof int[]
language sql immutable set search_path = '' as $$
  with recursive orders as (
    select array[]::int[] as places
    union all
    select o.places || n.n from orders o cross join generate_series(1, p_count) n (n) where n.n <> all (o.places)
  )
  select o.places from orders o where cardinality(o.places) = p_count order by o.places
$$;

-- One delivery into workspace pgtap-acme: `{"source", "contact"}` is upserted, an array of items or one item goes to the account.
create or replace function tests.deliver_any(p_account_external_id text, p_delivery jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if p_delivery ? 'contact' then
    perform tests.upsert(p_delivery ->> 'source', p_delivery -> 'contact');
  elsif jsonb_typeof(p_delivery) = 'array' then
    perform tests.ingest(p_account_external_id, variadic array(select i.item from jsonb_array_elements(p_delivery) i (item)));
  else
    perform tests.ingest(p_account_external_id, p_delivery);
  end if;
end $$;

-- Makes the deliveries in one order and takes everything back. Returns what was left, whether the condition p_holds was true, and
-- what was written when all were made once more (which orders that begin with the last delivery try: it takes as long as the rest).
create or replace function tests.try_order(
  p_account_external_id text, p_deliveries jsonb[], p_order int[], p_holds text,
  out state jsonb, out rewritten jsonb, out holds boolean
)
language plpgsql as $$
declare
  v_place int;
  v_written jsonb;
begin
  foreach v_place in array p_order loop
    perform tests.deliver_any(p_account_external_id, p_deliveries[v_place]);
  end loop;
  state := tests.state(tests.workspace_id());
  execute 'select ' || p_holds into holds;
  if p_order[1] = cardinality(p_order) then
    v_written := tests.tuples_written();
    foreach v_place in array p_order loop
      perform tests.deliver_any(p_account_external_id, p_deliveries[v_place]);
    end loop;
    select jsonb_object_agg(w.key, w.value) into rewritten from jsonb_each(tests.tuples_written()) w where w.value <> v_written -> w.key;
  end if;
  raise sqlstate 'TT000';
exception when sqlstate 'TT000' then
  return;
end $$;

-- Passes when the deliveries leave the same state in every order, p_holds is true after each, and repeating them writes nothing.
create or replace function tests.same_in_every_order(
  p_account_external_id text, p_deliveries jsonb[], p_holds text, p_description text
)
returns text language plpgsql as $$
declare
  v_order int[];
  v_first jsonb;
  v_try record;
  v_problem text;
begin
  for v_order in select o from tests.orders(cardinality(p_deliveries)) o loop
    select t.* into v_try from tests.try_order(p_account_external_id, p_deliveries, v_order, p_holds) t;
    v_first := coalesce(v_first, v_try.state);
    v_problem := case
      when v_try.holds is distinct from true then format('in order %s this is not so: %s', v_order, p_holds)
      when v_try.state <> v_first then format(E'order %s leaves\n%s\nthe first order leaves\n%s', v_order, jsonb_pretty(v_try.state), jsonb_pretty(v_first))
      when v_try.rewritten is not null then format('repeating order %s writes [inserted, updated, deleted] %s', v_order, v_try.rewritten)
    end;
    exit when v_problem is not null;
  end loop;
  return extensions.ok(v_problem is null, p_description) || coalesce(E'\n' || extensions.diag(v_problem), '');
end $$;

-- Makes every insert into (or update of) a table of schema crm that the condition on `new` matches fail with this SQLSTATE.
create or replace function tests.fail_writes(p_table text, p_condition text, p_sqlstate text) returns void
language plpgsql set search_path = '' as $$
begin
  execute format($f$
    create function tests."fail with %s"() returns trigger language plpgsql set search_path = '' as
    'begin raise exception ''made to fail'' using errcode = ''%1$s''; end'$f$, p_sqlstate);
  execute format('create trigger "fail with %3$s" before insert or update on crm.%1$I for each row when (%2$s) execute function tests."fail with %3$s"()',
    p_table, p_condition, p_sqlstate);
end $$;

grant execute on all functions in schema tests to public;
