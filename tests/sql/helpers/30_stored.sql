-- What is stored.

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
  -- A thread that was merged into that one.
  insert into crm.conversation_merges (workspace_id, channel_account_id, survivor_id, duplicate_id)
  select v.workspace_id, v.channel_account_id, v.id, gen_random_uuid() from tests.conversation('psid:P1') v;
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
  -- A run whose process died, and one that failed.
  perform tests.finish_sync(tests.start_sync('full', 'one', 'rescue'), 'failed', 'reconnect: token expired');
  -- Not in one list: beside a function that returns a set, another one is called once more than there are rows.
  perform tests.start_sync();
  perform crm.take_rate_limit('messenger:pgtap-page');
  perform tests.expire_lease();
  insert into crm.fast_path_errors (workspace_id, channel_account_id, sqlstate, constraint_name)
  values (v_acme, tests.account_id('pgtap-page'), '23514', 'pgtap');
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
    ('replay_dead_letter', 'admin', format('%L', (select d.id from crm.dead_letters d where d.workspace_id = tests.workspace_id() limit 1))),
    ('remove_member', 'owner', format('%L, gen_random_uuid()', tests.workspace_id())),
    ('update_workspace', 'admin', format('%L, %L', tests.workspace_id(), '{"nonsense": true}')),
    ('update_channel_account', 'admin', format('%L, %L', tests.account_id('pgtap-merchant'), '{"nonsense": true}')),
    ('reject_merge_candidate', 'agent', format('%L', (select m.id from crm.merge_candidates m where m.workspace_id = tests.workspace_id() limit 1))),
    ('update_conversation', 'agent', format('%L, -1, %L', (tests.conversation('psid:P1')).id, '{"nonsense": true}'))
  ) f (name, least_role, arguments)
$$;
