-- Generated from sql/ by "npm run db:migration", never edited by hand.

-- sql/010_foundation/00_schemas.sql
-- crm is the API that PostgREST exposes; crm_private holds what no client may call.
create schema crm;
comment on schema crm is 'Onefold''s API: tables read under row level security, monitoring views, RPC functions. Nothing is written except through the functions.';

create schema crm_private;
comment on schema crm_private is 'Onefold''s rules. Never exposed: clients reach them only through the functions of schema crm.';

-- sql/010_foundation/10_tables.sql
create table crm.workspaces (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique,
  name text not null,
  default_country text not null,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  constraint slug_is_valid check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  constraint name_is_not_empty check (btrim(name) <> ''),
  constraint default_country_is_iso_3166 check (default_country ~ '^[A-Z]{2}$'),
  constraint settings_is_object check (jsonb_typeof(settings) = 'object')
);
comment on table crm.workspaces is 'A tenant. Everything that belongs to it carries its id, and keys start with it.';
comment on column crm.workspaces.default_country is 'ISO 3166-1 alpha-2; numbers written without a country code are read as this country''s.';

create table crm.workspace_members (
  workspace_id uuid not null references crm.workspaces (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id),
  constraint role_is_valid check (role in ('viewer', 'agent', 'admin', 'owner'))
);
comment on table crm.workspace_members is 'Who may see a workspace and as what: viewer < agent < admin < owner.';
create index workspace_members_user_id_idx on crm.workspace_members (user_id);

create table crm.channel_accounts (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references crm.workspaces (id) on delete cascade,
  channel text not null,
  external_id text not null,
  display_name text not null,
  settings jsonb not null default '{}',
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  unique (channel, external_id),
  unique (workspace_id, id),
  constraint channel_is_valid check (channel in ('messenger', 'whatsapp', 'b2chat')),
  constraint external_id_is_not_empty check (btrim(external_id) <> '' and length(external_id) <= 256),
  constraint settings_is_object check (jsonb_typeof(settings) = 'object')
);
comment on table crm.channel_accounts is 'The directory that maps a provider''s account (a page, a phone number id, a merchant) to its workspace.';
comment on column crm.channel_accounts.settings is '`business_id`: the scope that business-scoped user ids of this account share, instead of the WABA id.';

-- sql/010_foundation/12_types.sql
-- The parsed form of a delivery. Arrays of these are handed from phase to phase: a temp table per call costs several times the work itself.
create type crm_private.inbound_item as (
  ordinal int,
  thread_id text,
  participant jsonb,
  source_time timestamptz,
  updated_at timestamptz,
  delivery text,
  problem text,
  problem_path text
);
comment on type crm_private.inbound_item is
  'One InboundItem: its place (from 1), the source''s time for the participant''s fields (null: unknown), what identifies the delivery, and what was wrong with it, if anything.';

create type crm_private.inbound_event as (
  ordinal int,
  index int,
  type text,
  key text,
  provider_message_id text,
  occurred_at timestamptz,
  direction text,
  body text,
  attachments jsonb,
  reply_to text,
  status text,
  edit_number bigint,
  watermark timestamptz,
  is_history boolean,
  payload jsonb,
  problem text,
  problem_path text
);
comment on type crm_private.inbound_event is
  'One event of an item (ordinal), at its place in events (index, from 0), with its event_key and what was wrong with it, if anything.';

create type crm_private.item_identity as (
  ordinal int,
  kind text,
  scope text,
  value text,
  strength int,
  is_previous boolean
);
comment on type crm_private.item_identity is
  'An identity that an item gives its participant, canonical and not blocked. Strength: 1 is the strongest. is_previous: one of the person''s old ids.';

create type crm_private.ingest_result as (
  ordinal int,
  conversation_id uuid,
  contact_id uuid,
  version bigint,
  is_new boolean,
  contact_outcome text,
  events_inserted int,
  events_duplicate int,
  error jsonb
);
comment on type crm_private.ingest_result is 'What became of one item.';

create type crm_private.item_owner as (
  ordinal int,
  contact_id uuid
);
comment on type crm_private.item_owner is 'A contact that owns one of the item''s identities.';

create type crm_private.item_key as (
  ordinal int,
  kind text,
  value text
);
comment on type crm_private.item_key is 'A key that names the conversation of an item.';

create type crm_private.item_conversation as (
  ordinal int,
  conversation_id uuid
);
comment on type crm_private.item_conversation is 'A conversation that one of the item''s keys points at.';

create type crm_private.field_change as (
  contact_id uuid,
  ordinal int,
  field text,
  value jsonb,
  at timestamptz,
  delivery text,
  wins boolean,
  differs boolean
);
comment on type crm_private.field_change is
  'What an item says of a contact''s field: whether it wins over what is there, and whether it differs from it.';

-- sql/010_foundation/15_fn_member_workspace_ids.sql
-- Security definer: a policy must see the caller's memberships whatever the policies on workspace_members say.
create function crm_private.member_workspace_ids()
returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(array_agg(m.workspace_id), '{}')
  from crm.workspace_members m
  where m.user_id = auth.uid();
$$;
comment on function crm_private.member_workspace_ids() is
  'The workspaces the caller is a member of, as an array; empty for nobody. Policies call it inside a sub-select so that it runs once per query.';

-- sql/010_foundation/30_policies.sql
alter table crm.workspaces enable row level security;
create policy members_read on crm.workspaces for select to authenticated
  using (id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.workspace_members enable row level security;
create policy members_read on crm.workspace_members for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.channel_accounts enable row level security;
create policy members_read on crm.channel_accounts for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/010_foundation/fn_add_member.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.add_member(p_workspace_id uuid, p_user_id uuid, p_role text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform crm_private.require_member(p_workspace_id, 'owner');

  if p_role is null or p_role not in ('viewer', 'agent', 'admin', 'owner') then
    perform crm_private.reject_input('p_role', 'A role is viewer, agent, admin or owner.');
  end if;
  -- The workspace row is the lock that keeps two owners from demoting each other.
  perform from crm.workspaces w where w.id = p_workspace_id for no key update;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'workspace')::text,
      hint = 'Create it with create_workspace.';
  end if;
  if not exists (select from auth.users u where u.id = p_user_id) then
    raise exception using errcode = 'PT404', message = 'There is no such user.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'user')::text,
      hint = 'Invite the user through Supabase Auth first.';
  end if;
  if p_role <> 'owner'
    and exists (
      select from crm.workspace_members m
      where m.workspace_id = p_workspace_id and m.user_id = p_user_id and m.role = 'owner')
    and not exists (
      select from crm.workspace_members m
      where m.workspace_id = p_workspace_id and m.user_id <> p_user_id and m.role = 'owner') then
    raise exception using errcode = 'PT409', message = 'This is the workspace''s last owner.',
      detail = jsonb_build_object('code', 'last_owner')::text,
      hint = 'Make somebody else an owner first.';
  end if;

  insert into crm.workspace_members as m (workspace_id, user_id, role)
  values (p_workspace_id, p_user_id, p_role)
  on conflict (workspace_id, user_id) do update set role = excluded.role
  where m.role <> excluded.role;
end;
$$;
comment on function crm.add_member(uuid, uuid, text) is
  'Makes the user a member with the role, or changes the role. For owners. PT400 invalid_input, PT401, PT403 forbidden, PT404 not_found, PT409 last_owner.';

-- sql/010_foundation/fn_connect_channel.sql
create function crm.connect_channel(p_workspace_id uuid, p_channel text, p_external_id text, p_display_name text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
begin
  if p_channel is null or p_channel not in ('messenger', 'whatsapp', 'b2chat') then
    perform crm_private.reject_input('p_channel', 'The channel is messenger, whatsapp or b2chat.');
  end if;
  if coalesce(btrim(p_external_id), '') = '' or length(p_external_id) > 256 then
    perform crm_private.reject_input('p_external_id', 'The provider''s account id is 1 to 256 characters.');
  end if;
  if coalesce(btrim(p_display_name), '') = '' then
    perform crm_private.reject_input('p_display_name', 'A channel account needs a display name.');
  end if;
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    raise exception using errcode = 'PT404', message = 'There is no such workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'workspace')::text,
      hint = 'Create it with create_workspace.';
  end if;

  insert into crm.channel_accounts (workspace_id, channel, external_id, display_name)
  values (p_workspace_id, p_channel, p_external_id, btrim(p_display_name))
  on conflict (channel, external_id) do nothing;

  select a.* into strict v_account
  from crm.channel_accounts a
  where a.channel = p_channel and a.external_id = p_external_id;

  if v_account.workspace_id <> p_workspace_id then
    raise exception using errcode = 'PT409', message = 'This account is connected to another workspace.',
      detail = jsonb_build_object('code', 'connected_elsewhere')::text,
      hint = 'A provider account belongs to one workspace.';
  end if;
  return v_account.id;
end;
$$;
comment on function crm.connect_channel(uuid, text, text, text) is
  'The id of the channel account, connected to the workspace when it was not yet; calling again changes nothing. PT400 invalid_input, PT404 not_found, PT409 connected_elsewhere.';

-- sql/010_foundation/fn_create_workspace.sql
create function crm.create_workspace(p_slug text, p_name text, p_default_country text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_id uuid;
begin
  if p_slug is null or p_slug !~ '^[a-z0-9][a-z0-9-]{0,62}$' then
    perform crm_private.reject_input('p_slug', 'A slug is 1 to 63 lower-case letters, digits and hyphens.');
  end if;
  if coalesce(btrim(p_name), '') = '' then
    perform crm_private.reject_input('p_name', 'A workspace needs a name.');
  end if;
  if p_default_country is null or p_default_country !~ '^[A-Z]{2}$' then
    perform crm_private.reject_input('p_default_country', 'The default country is an ISO 3166-1 alpha-2 code such as CO.');
  end if;

  insert into crm.workspaces (slug, name, default_country)
  values (p_slug, btrim(p_name), p_default_country)
  on conflict (slug) do nothing
  returning id into v_id;

  if v_id is null then
    select w.id into strict v_id from crm.workspaces w where w.slug = p_slug;
  end if;
  return v_id;
end;
$$;
comment on function crm.create_workspace(text, text, text) is
  'The id of the workspace with this slug, created when there is none; an existing one is left as it is. PT400 invalid_input.';

-- sql/010_foundation/fn_epoch_ms.sql
create function crm_private.epoch_ms(p_at timestamptz)
returns bigint
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (extract(epoch from p_at) * 1000)::bigint;
end;
$$;
comment on function crm_private.epoch_ms(timestamptz) is 'The time in milliseconds since 1970, rounded.';

-- sql/010_foundation/fn_event_time.sql
create function crm_private.event_time(p_value text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_value ~ '^-?[0-9]{1,14}(\.[0-9]{1,9})?$' then
    return to_timestamp(case when abs(p_value::float8) < 1e10 then p_value::float8 else p_value::float8 / 1000 end);
  end if;
  -- Only ISO 8601 with a zone: the cast alone would also take 'now', 'infinity' and local times. It may still be no date.
  if p_value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' then
    begin
      return p_value::timestamptz;
    exception when data_exception then
      return null;
    end;
  end if;
  return null;
end;
$$;
comment on function crm_private.event_time(text) is
  'A provider''s time: ISO 8601 with a zone, or an epoch number in milliseconds, where ten digits or fewer are seconds. Null when it is neither.';

-- sql/010_foundation/fn_reject_input.sql
create function crm_private.reject_input(p_path text, p_message text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using errcode = 'PT400', message = p_message,
    detail = jsonb_build_object('code', 'invalid_input', 'path', p_path)::text,
    hint = 'Correct the value at the path and call again.';
end;
$$;
comment on function crm_private.reject_input(text, text) is
  'Never returns: raises PT400 invalid_input with the JSON path of what was wrong.';

-- sql/010_foundation/fn_require_member.sql
create function crm_private.require_member(p_workspace_id uuid, p_least_role text)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_roles constant text[] := array['viewer', 'agent', 'admin', 'owner'];
  v_role text;
begin
  -- Only authenticated and service_role can execute what calls this. The role setting survives security definer;
  -- a session without one (pg_cron, the SQL editor) is the owner's.
  if current_setting('role', true) is distinct from 'authenticated' then
    return;
  end if;

  if auth.uid() is null then
    raise exception using errcode = 'PT401', message = 'Sign in first.',
      detail = jsonb_build_object('code', 'unauthenticated')::text,
      hint = 'Send the user''s access token in the Authorization header.';
  end if;

  select m.role into v_role
  from crm.workspace_members m
  where m.workspace_id = p_workspace_id and m.user_id = auth.uid();

  if v_role is null or array_position(v_roles, v_role) < array_position(v_roles, p_least_role) then
    raise exception using errcode = 'PT403', message = format('This needs role %s or above in the workspace.', p_least_role),
      detail = jsonb_build_object('code', 'forbidden', 'needs', p_least_role)::text,
      hint = 'Ask an owner of the workspace for the role.';
  end if;
end;
$$;
comment on function crm_private.require_member(uuid, text) is
  'Returns when the caller is a member with at least the role, or is service_role or the database owner. PT401 unauthenticated, PT403 forbidden.';

-- sql/010_foundation/trg_bump_version.sql
create function crm_private.bump_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.version := old.version + 1;
  new.updated_at := clock_timestamp();
  return new;
end;
$$;
comment on function crm_private.bump_version() is
  'Trigger: every update of a row raises its version by one, whoever writes, and whatever version the update asked for.';

-- sql/020_identity/10_tables.sql
create table crm.contacts (
  workspace_id uuid not null references crm.workspaces (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  full_name text,
  email text,
  phone text,
  mobile text,
  landline text,
  phone_normalized text,
  wa_id text,
  identification text,
  address text,
  city text,
  country text,
  company text,
  merchant_id text,
  tags jsonb not null default '[]',
  custom_attributes jsonb not null default '{}',
  sync_source text not null default 'contacts_api',
  needs_full_sync boolean not null default false,
  last_sync_at timestamptz,
  field_sources jsonb not null default '{}',
  source_created_at timestamptz,
  source_updated_at timestamptz,
  version bigint not null default 1,
  merged_into_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id),
  constraint merged_into_fkey foreign key (workspace_id, merged_into_id) references crm.contacts (workspace_id, id),
  constraint sync_source_is_valid check (sync_source in ('contacts_api', 'chat_embedded', 'upgraded')),
  constraint stub_needs_full_sync check (needs_full_sync = (sync_source = 'chat_embedded')),
  constraint not_merged_into_itself check (merged_into_id <> id),
  constraint tags_is_array check (jsonb_typeof(tags) = 'array'),
  constraint custom_attributes_is_object check (jsonb_typeof(custom_attributes) = 'object'),
  constraint field_sources_is_object check (jsonb_typeof(field_sources) = 'object')
) with (fillfactor = 85);
comment on table crm.contacts is 'One person as the workspace knows them. A row with merged_into_id set is history: its references live on the contact it was merged into.';
comment on column crm.contacts.sync_source is 'chat_embedded: a stub, created from a chat; contacts_api: created by the Contacts API; upgraded: was a stub, is full now.';
comment on column crm.contacts.field_sources is '{field: {source, at, delivery}}: who last wrote each field, when by the source''s clock, from which delivery. Custom attributes are listed as custom_attributes.<name>.';
comment on column crm.contacts.wa_id is 'The WhatsApp number among the identities that no id change has replaced; of several the greatest, so that the order of arrival does not matter.';
comment on column crm.contacts.identification is 'The identification among the identities: a person has one.';
comment on column crm.contacts.phone_normalized is 'E.164.';
create index contacts_id_idx on crm.contacts (id);
create index contacts_merged_into_idx on crm.contacts (merged_into_id) where merged_into_id is not null;
create index contacts_needing_sync_idx on crm.contacts (workspace_id, created_at) where needs_full_sync and merged_into_id is null;

create table crm.contact_identities (
  workspace_id uuid not null,
  kind text not null,
  scope text not null default '',
  value text not null collate "C",
  contact_id uuid not null,
  source text not null,
  rule text not null,
  delivery text,
  is_previous boolean not null default false,
  first_seen_at timestamptz not null default now(),
  primary key (workspace_id, kind, scope, value),
  -- Claimed before the contact's row exists, so that no loser row is ever left behind.
  constraint contact_fkey foreign key (workspace_id, contact_id) references crm.contacts (workspace_id, id)
    on delete cascade deferrable initially deferred,
  constraint kind_is_valid check (kind in ('psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email')),
  constraint value_is_not_empty check (value <> '')
);
comment on table crm.contact_identities is 'The dedup index of contacts: one identity points at one contact.';
comment on column crm.contact_identities.scope is 'The page of a psid, the WABA or business of a bsuid, the id space of a b2chat_id; empty where the kind has none.';
comment on column crm.contact_identities.rule is 'Which rule attached it: created (with its contact), attached (nobody owned it), id_change (the provider said the person''s id changed), merge.';
comment on column crm.contact_identities.is_previous is 'A delivery said that the person has changed this id for another.';
create index contact_identities_contact_idx on crm.contact_identities (contact_id);

create table crm.blocked_identity_values (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid references crm.workspaces (id) on delete cascade,
  kind text not null,
  pattern text not null,
  created_at timestamptz not null default now(),
  constraint blocked_identity_values_key unique nulls not distinct (workspace_id, kind, pattern),
  constraint kind_is_valid check (kind in ('*', 'psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email')),
  -- What is no regular expression fails here, not in the middle of an ingest.
  constraint pattern_is_a_regular_expression check (('' ~* ('^(?:' || pattern || ')$')) is not null),
  constraint pattern_refers_to_nothing check (pattern !~ '\\[1-9]')
);
comment on table crm.blocked_identity_values is 'Values that are never identities, for all workspaces or for one.';
comment on column crm.blocked_identity_values.kind is 'The kind it holds for, or * for every kind.';
comment on column crm.blocked_identity_values.pattern is 'A regular expression that the whole value must match, upper or lower case.';

insert into crm.blocked_identity_values (kind, pattern) values
  ('*', 'hidden'),
  ('*', 'anonymous'),
  ('*', 'unknown'),
  ('*', 'private'),
  ('*', 'null|undefined|none|n/a'),
  ('*', '\+?0+');

create table crm.contact_merges (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  survivor_id uuid not null,
  duplicate_id uuid not null,
  reason text not null,
  merged_by text not null,
  moved jsonb not null,
  merged_at timestamptz not null default now(),
  undone_at timestamptz,
  primary key (workspace_id, id),
  constraint survivor_fkey foreign key (workspace_id, survivor_id) references crm.contacts (workspace_id, id) on delete cascade,
  constraint duplicate_fkey foreign key (workspace_id, duplicate_id) references crm.contacts (workspace_id, id) on delete cascade
);
comment on table crm.contact_merges is 'Every merge of two contacts, with what it moved.';
comment on column crm.contact_merges.moved is '{identities, conversations, survivor, duplicate}: what moved to the survivor, and both contacts'' fields as they were before.';
create index contact_merges_id_idx on crm.contact_merges (id);
create index contact_merges_survivor_idx on crm.contact_merges (survivor_id);
create index contact_merges_duplicate_idx on crm.contact_merges (duplicate_id);

create table crm.merge_candidates (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  contact_a_id uuid not null,
  contact_b_id uuid not null,
  status text not null default 'open',
  evidence jsonb not null default '{}',
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, contact_a_id, contact_b_id),
  constraint contact_a_fkey foreign key (workspace_id, contact_a_id) references crm.contacts (workspace_id, id) on delete cascade,
  constraint contact_b_fkey foreign key (workspace_id, contact_b_id) references crm.contacts (workspace_id, id) on delete cascade,
  constraint pair_is_ordered check (contact_a_id < contact_b_id),
  constraint status_is_valid check (status in ('open', 'merged', 'rejected'))
);
comment on table crm.merge_candidates is 'Pairs of contacts that may be one person and need somebody''s decision.';
create index merge_candidates_id_idx on crm.merge_candidates (id);
create index merge_candidates_contact_b_idx on crm.merge_candidates (contact_b_id);

-- sql/020_identity/30_policies.sql
alter table crm.contacts enable row level security;
create policy members_read on crm.contacts for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.contact_identities enable row level security;
create policy members_read on crm.contact_identities for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.blocked_identity_values enable row level security;
create policy members_read on crm.blocked_identity_values for select to authenticated
  using (workspace_id is null or workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.contact_merges enable row level security;
create policy members_read on crm.contact_merges for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.merge_candidates enable row level security;
create policy members_read on crm.merge_candidates for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/020_identity/fn_canonical_identity_value.sql
create function crm_private.canonical_identity_value(p_kind text, p_value text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case p_kind
    when 'email' then substring(lower(btrim(p_value)) from '^[^@]+@[^@]+$')
    when 'phone' then substring(regexp_replace(p_value, '[\s().-]', '', 'g') from '^\+[1-9][0-9]{6,14}$')
    else nullif(btrim(p_value), '')
  end;
end;
$$;
comment on function crm_private.canonical_identity_value(text, text) is
  'An identity''s value in the one form it is stored and compared in, or null when it is none: e-mail in lower case with one @, phone in E.164, others trimmed.';

-- sql/020_identity/fn_claim_identities.sql
create function crm_private.claim_identities(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_unowned crm_private.item_identity[],
  p_owned crm_private.item_owner[],
  p_new_ids uuid[],
  p_id_changes int[]
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery, is_previous)
  select p_workspace_id, n.kind, n.scope, n.value, p_new_ids[n.ordinal], p_sync_source, n.rule, n.delivery, n.is_previous
  from (
    select distinct on (d.kind, d.scope, d.value) d.kind, d.scope, d.value, d.ordinal, d.is_previous, i.delivery,
      case when c.ordinal is not null then 'id_change' when o.ordinal is not null then 'attached' else 'created' end as rule
    from unnest(p_unowned) d
    join unnest(p_items) i on i.ordinal = d.ordinal
    left join (select distinct x.ordinal from unnest(p_owned) x) o on o.ordinal = d.ordinal
    left join unnest(p_id_changes) c (ordinal) on c.ordinal = d.ordinal
    order by d.kind, d.scope, d.value, d.ordinal
  ) n
  order by n.kind, n.scope, n.value
  on conflict (workspace_id, kind, scope, value) do nothing;
end;
$$;
comment on function crm_private.claim_identities(uuid, text, crm_private.inbound_item[], crm_private.item_identity[], crm_private.item_owner[], uuid[], int[]) is
  'Claims identities nobody owns, in sorted order, for a contact that gets its row later (p_new_ids by ordinal): the loser of a race waits here and then reads the winner, and no row is left behind. p_id_changes: the items that say the person''s id changed.';

-- sql/020_identity/fn_contact_changes.sql
create function crm_private.contact_changes(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_contact_ids uuid[]
)
returns crm_private.field_change[]
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A field belongs to whoever comes last in the order (source's rank, source's time, value, delivery). That is a total order,
  -- so the winner does not depend on the order of arrival, and a replay finds nothing to win.
  return (
    with incoming as materialized (
      select p_contact_ids[f.ordinal] as contact_id, f.ordinal, f.field, f.value, f.value #>> '{}' as text, i.source_time as at, i.delivery
      from crm_private.item_fields(p_items) f
      join unnest(p_items) i on i.ordinal = f.ordinal
      where p_contact_ids[f.ordinal] is not null
    ), best as materialized (
      select distinct on (n.contact_id, n.field) n.*
      from incoming n
      order by n.contact_id, n.field, n.at desc nulls last, n.text collate "C" desc, n.delivery collate "C" desc
    )
    select coalesce(array_agg(row(
        b.contact_id, b.ordinal, b.field, b.value, b.at, b.delivery,
        v.value is null
          or row(crm_private.source_rank(p_sync_source), coalesce(b.at, '-infinity'), b.text collate "C", b.delivery collate "C")
            > row(crm_private.source_rank(coalesce(c.field_sources -> b.field ->> 'source', c.sync_source)),
              coalesce((c.field_sources -> b.field ->> 'at')::timestamptz, '-infinity'),
              v.value #>> '{}' collate "C",
              coalesce(c.field_sources -> b.field ->> 'delivery', '') collate "C"),
        v.value is distinct from b.value
      )::crm_private.field_change), '{}')
    from best b
    left join lateral (
      select x.* from crm.contacts x where x.workspace_id = p_workspace_id and x.id = b.contact_id offset 0
    ) c on true
    cross join lateral (
      -- Field by field: the whole row as jsonb costs as much as everything else here.
      select case b.field
        when 'full_name' then to_jsonb(c.full_name)
        when 'email' then to_jsonb(c.email)
        when 'phone' then to_jsonb(c.phone)
        when 'mobile' then to_jsonb(c.mobile)
        when 'landline' then to_jsonb(c.landline)
        when 'address' then to_jsonb(c.address)
        when 'city' then to_jsonb(c.city)
        when 'country' then to_jsonb(c.country)
        when 'company' then to_jsonb(c.company)
        when 'merchant_id' then to_jsonb(c.merchant_id)
        when 'source_created_at' then to_jsonb(c.source_created_at)
        when 'tags' then nullif(c.tags, '[]')
        else c.custom_attributes -> substr(b.field, length('custom_attributes.') + 1)
      end as value
      offset 0
    ) v
  );
end;
$$;
comment on function crm_private.contact_changes(uuid, text, crm_private.inbound_item[], uuid[]) is
  'What the items say of the fields of their contacts (p_contact_ids by ordinal), the best word for each field, held against what is there. A contact without a row yet has no fields.';

-- sql/020_identity/fn_contact_excludes.sql
create function crm_private.contact_excludes(p_workspace_id uuid, p_contact_id uuid, p_kinds text[], p_scopes text[], p_values text[])
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select exists (
      select
      from crm.contact_identities i
      join unnest(p_kinds, p_scopes, p_values) g (kind, scope, value) on g.kind = i.kind and g.scope = i.scope and g.value <> i.value
      where i.workspace_id = p_workspace_id
        and i.contact_id = p_contact_id
        and i.kind in ('psid', 'b2chat_id', 'identification')
        and not i.is_previous
        -- The contact may already hold the given value beside another one that an id change recorded.
        and not exists (
          select from crm.contact_identities o
          where o.workspace_id = p_workspace_id and o.contact_id = p_contact_id and o.kind = g.kind and o.scope = g.scope and o.value = g.value))
  );
end;
$$;
comment on function crm_private.contact_excludes(uuid, uuid, text[], text[], text[]) is
  'True when the contact cannot be the person with these identities: a person has at most one psid per page, one b2chat_id per scope, one identification, besides ids that were changed.';

-- sql/020_identity/fn_contact_outcomes.sql
create function crm_private.contact_outcomes(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_contact_ids uuid[],
  p_changes crm_private.field_change[],
  p_created uuid[],
  p_upgraded uuid[]
)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with items as materialized (
      select i.ordinal, p_contact_ids[i.ordinal] as contact_id,
        row_number() over (partition by p_contact_ids[i.ordinal] order by i.ordinal) = 1 as is_first
      from unnest(p_items) i
    ), contacts as materialized (
      select i.contact_id, c.needs_full_sync
      from (select distinct x.contact_id from items x where x.contact_id is not null) i
      cross join lateral (
        select x.needs_full_sync from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
      ) c
    ), said as materialized (
      select w.ordinal, bool_or(w.wins and w.differs) as updates, bool_and(not w.wins) and bool_or(w.differs) as is_stale
      from unnest(p_changes) w
      group by w.ordinal
    )
    select array_agg(case
        when i.contact_id is null then 'ignored'
        when i.is_first and n.id is not null then 'created'
        when i.is_first and u.id is not null then 'upgraded'
        when s.updates then 'updated'
        when p_sync_source = 'chat_embedded' and not c.needs_full_sync then 'linked'
        when s.is_stale then 'stale'
        else 'unchanged'
      end order by i.ordinal)
    from items i
    left join contacts c on c.contact_id = i.contact_id
    left join said s on s.ordinal = i.ordinal
    left join unnest(p_created) n (id) on n.id = i.contact_id
    left join unnest(p_upgraded) u (id) on u.id = i.contact_id
  );
end;
$$;
comment on function crm_private.contact_outcomes(uuid, text, crm_private.inbound_item[], uuid[], crm_private.field_change[], uuid[], uuid[]) is
  'What became of each item''s contact, in order: created, upgraded, updated (a field changed), linked (a chat met a full contact and changed nothing), stale (only older values), unchanged, ignored (no usable identity).';

-- sql/020_identity/fn_contact_sync_stats.sql
-- Security definer: counts must not pay for row level security; the first act is the membership check.
create function crm.contact_sync_stats(p_workspace_id uuid)
returns table (contacts bigint, contacts_needing_sync bigint, stale_stubs bigint, conversations bigint, orphaned_conversations bigint)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform crm_private.require_member(p_workspace_id, 'viewer');
  return query
  select c.contacts, c.needing_sync, c.stale, v.conversations, v.orphaned
  from (
    select count(*) as contacts,
      count(*) filter (where k.needs_full_sync) as needing_sync,
      count(*) filter (where k.needs_full_sync and k.created_at < now() - interval '7 days') as stale
    from crm.contacts k
    where k.workspace_id = p_workspace_id and k.merged_into_id is null
  ) c
  cross join (
    select count(*) as conversations, count(*) filter (where t.contact_id is null) as orphaned
    from crm.conversations t
    where t.workspace_id = p_workspace_id
  ) v;
end;
$$;
comment on function crm.contact_sync_stats(uuid) is
  'How many contacts the workspace has, how many are stubs, how many of those for more than 7 days, how many conversations, how many without a contact. For viewers. PT401, PT403.';

-- sql/020_identity/fn_contact_text_fields.sql
create function crm_private.contact_text_fields()
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
begin
  return array['full_name', 'email', 'phone', 'mobile', 'landline',
    'address', 'city', 'country', 'company', 'merchant_id'];
end;
$$;
comment on function crm_private.contact_text_fields() is 'The text fields of a contact that sources give. wa_id and identification are not among them: they follow from the identities.';

-- sql/020_identity/fn_contacts_are_kept_apart.sql
create function crm_private.contacts_are_kept_apart(p_workspace_id uuid, p_contact_id uuid, p_other_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select exists (
        select from crm.merge_candidates m
        where m.workspace_id = p_workspace_id and m.status = 'rejected'
          and m.contact_a_id = least(p_contact_id, p_other_id) and m.contact_b_id = greatest(p_contact_id, p_other_id))
      or exists (
        select
        from crm.contact_identities a
        join crm.contact_identities b on b.workspace_id = a.workspace_id and b.kind = a.kind and b.scope = a.scope and b.value <> a.value
        where a.workspace_id = p_workspace_id and a.contact_id = p_contact_id and b.contact_id = p_other_id
          and a.kind in ('psid', 'b2chat_id', 'identification') and not a.is_previous and not b.is_previous)
  );
end;
$$;
comment on function crm_private.contacts_are_kept_apart(uuid, uuid, uuid) is
  'True when the two must not merge on their own: somebody rejected the pair, or they hold different ids of a kind that a person has only one of.';

-- sql/020_identity/fn_identity_owners.sql
create function crm_private.identity_owners(p_workspace_id uuid, p_ordinal int, p_identities crm_private.item_identity[])
returns uuid[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(o.contact_id order by o.place), '{}')
    from (
      select i.contact_id, min(d.strength + case when d.is_previous then 100 else 0 end) as strength,
        row_number() over (order by min(d.strength + case when d.is_previous then 100 else 0 end), min(d.scope), min(d.value), i.contact_id) as place
      from unnest(p_identities) d
      cross join lateral (
        select c.contact_id
        from crm.contact_identities c
        where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
        offset 0
      ) i
      where d.ordinal = p_ordinal
      group by i.contact_id
    ) o
  );
end;
$$;
comment on function crm_private.identity_owners(uuid, int, crm_private.item_identity[]) is
  'The contacts that own the item''s identities, the strongest identity''s owner first, current ids before previous ones. An id may have no row yet.';

-- sql/020_identity/fn_is_placeholder_name.sql
create function crm_private.is_placeholder_name(p_name text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return lower(btrim(p_name)) in (
      '', 'unknown', 'unknown contact', 'unknown user', 'anonymous', 'hidden', 'null', 'undefined', 'none', 'n/a',
      'facebook user', 'messenger user', 'whatsapp user', 'instagram user', 'user',
      'sin nombre', 'desconocido', 'usuario', 'usuario de facebook', 'usuario de whatsapp', 'cliente')
    or btrim(p_name) ~ '^[-+().*_[:space:][:digit:]]*$';
end;
$$;
comment on function crm_private.is_placeholder_name(text) is
  'True for what providers and forms write where they know no name: such a value is no name, and never replaces one. Digits and punctuation alone are a number, not a name.';

-- sql/020_identity/fn_item_fields.sql
create function crm_private.item_fields(p_items crm_private.inbound_item[])
returns table (ordinal int, field text, value jsonb)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with given as materialized (
    select i.ordinal, e.key, e.value, e.value #>> '{}' as text
    from unnest(p_items) i
    cross join lateral jsonb_each(i.participant) e
    where jsonb_typeof(i.participant) = 'object' and jsonb_typeof(e.value) <> 'null'
  )
  select g.ordinal, g.key, to_jsonb(btrim(g.text))
  from given g
  where g.key = any (crm_private.contact_text_fields())
    and btrim(g.text) <> ''
    and not (g.key = 'full_name' and crm_private.is_placeholder_name(g.text))
  union all
  select g.ordinal, g.key, g.value
  from given g
  where g.key = 'tags' and g.value <> '[]'
  union all
  select g.ordinal, g.key, to_jsonb(crm_private.event_time(g.text))
  from given g
  where g.key = 'source_created_at'
  union all
  select g.ordinal, 'custom_attributes.' || a.key, a.value
  from given g
  cross join lateral jsonb_each(g.value) a
  where g.key = 'custom_attributes' and jsonb_typeof(a.value) <> 'null' and a.value <> '""';
end;
$$;
comment on function crm_private.item_fields(crm_private.inbound_item[]) is
  'The contact fields that each item gives a value for. Null, empty text and a placeholder name are no value. Each custom attribute is a field of its own, named custom_attributes.<name>.';

-- sql/020_identity/fn_item_identities.sql
create function crm_private.item_identities(p_account crm.channel_accounts, p_items crm_private.inbound_item[])
returns crm_private.item_identity[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with given as (
      select i.ordinal, x.kind, x.scope, x.value, x.is_previous
      from unnest(p_items) i
      cross join lateral (
        select e.value ->> 'kind' as kind, e.value ->> 'scope' as scope, e.value ->> 'value' as value, false as is_previous
        from jsonb_array_elements(coalesce(nullif(i.participant -> 'identities', 'null'), '[]')) e
        union all
        select e.value ->> 'kind', e.value ->> 'scope', e.value ->> 'value', true
        from jsonb_array_elements(coalesce(nullif(i.participant -> 'previous_identities', 'null'), '[]')) e
      ) x
      where i.problem is null and i.participant is not null
    ), canonical as materialized (
      select g.ordinal, g.kind, g.is_previous,
        case g.kind
          when 'psid' then coalesce(g.scope, p_account.external_id, '')
          when 'bsuid' then coalesce(p_account.settings ->> 'business_id', g.scope, p_account.external_id, '')
          when 'b2chat_id' then coalesce(g.scope, 'chats:' || p_account.external_id, '')
          else ''
        end as scope,
        crm_private.canonical_identity_value(g.kind, g.value) as value
      from given g
    ), blocked as materialized (
      -- One expression per kind: matching each value against each pattern costs as many times more.
      select k.kind, '^(?:' || string_agg(b.pattern, '|') || ')$' as pattern
      from (select distinct c.kind from canonical c) k
      join crm.blocked_identity_values b on b.kind in ('*', k.kind) and (b.workspace_id is null or b.workspace_id = p_account.workspace_id)
      group by k.kind
    ), usable as (
      select distinct on (c.ordinal, c.kind, c.scope, c.value) c.*
      from canonical c
      left join blocked b on b.kind = c.kind
      where c.value is not null
        and (b.pattern is null or c.value !~* b.pattern)
      order by c.ordinal, c.kind, c.scope, c.value, c.is_previous
    )
    select coalesce(array_agg(row(
        u.ordinal, u.kind, u.scope, u.value,
        array_position(array['psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email'], u.kind),
        u.is_previous
      )::crm_private.item_identity order by u.kind collate "C", u.scope collate "C", u.value collate "C", u.ordinal), '{}')
    from usable u
  );
end;
$$;
comment on function crm_private.item_identities(crm.channel_accounts, crm_private.inbound_item[]) is
  'The usable identities of all items: canonical values, scopes filled in from the channel account (a bsuid''s from its business_id setting), blocked values dropped; sorted, so that whoever locks by them locks in one order.';

-- sql/020_identity/fn_item_owners.sql
create function crm_private.item_owners(p_workspace_id uuid, p_identities crm_private.item_identity[])
returns crm_private.item_owner[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(row(o.ordinal, o.contact_id)::crm_private.item_owner order by o.ordinal, o.contact_id), '{}')
    from (
      select distinct d.ordinal, i.contact_id
      from unnest(p_identities) d
      cross join lateral (
        select c.contact_id
        from crm.contact_identities c
        where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
        offset 0
      ) i
    ) o
  );
end;
$$;
comment on function crm_private.item_owners(uuid, crm_private.item_identity[]) is
  'Which contacts own the identities of each item. A contact claimed by this transaction may have no row yet.';

-- sql/020_identity/fn_lock_contacts.sql
create function crm_private.lock_contacts(p_workspace_id uuid, p_owned crm_private.item_owner[], p_for_update boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- One look-up per contact, in id order: the order is the plan's, and so is the index, whatever the statistics say.
  if p_for_update then
    perform l.id
    from (select distinct o.contact_id from unnest(p_owned) o order by o.contact_id) i
    cross join lateral (
      select c.id from crm.contacts c where c.workspace_id = p_workspace_id and c.id = i.contact_id
      for no key update
    ) l;
  else
    perform l.id
    from (select distinct o.contact_id from unnest(p_owned) o order by o.contact_id) i
    cross join lateral (
      select c.id from crm.contacts c where c.workspace_id = p_workspace_id and c.id = i.contact_id
      for share
    ) l;
  end if;
end;
$$;
comment on function crm_private.lock_contacts(uuid, crm_private.item_owner[], boolean) is
  'Locks the owners that have a row, in id order: for no key update when their fields may change, else for share, so that no merge takes them away meanwhile.';

-- sql/020_identity/fn_merge_contact_fields.sql
create function crm_private.merge_contact_fields(p_survivor crm.contacts, p_duplicate crm.contacts)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_mine jsonb := to_jsonb(p_survivor);
  v_other jsonb := to_jsonb(p_duplicate);
  v_columns jsonb;
  v_custom jsonb;
  v_sources jsonb;
begin
  with fields as (
    select f.field, v_mine -> f.field as mine, v_other -> f.field as other
    from unnest(crm_private.contact_text_fields() || array['tags', 'source_created_at']) f (field)
    union all
    select 'custom_attributes.' || k.key, p_survivor.custom_attributes -> k.key, p_duplicate.custom_attributes -> k.key
    from jsonb_object_keys(p_duplicate.custom_attributes) k (key)
  ), won as (
    select f.field, f.other
    from fields f
    where nullif(nullif(f.other, 'null'), '[]') is not null
      and (nullif(nullif(f.mine, 'null'), '[]') is null
        or row(crm_private.source_rank(coalesce(p_duplicate.field_sources -> f.field ->> 'source', p_duplicate.sync_source)),
            coalesce((p_duplicate.field_sources -> f.field ->> 'at')::timestamptz, '-infinity'),
            f.other #>> '{}' collate "C",
            coalesce(p_duplicate.field_sources -> f.field ->> 'delivery', '') collate "C")
          > row(crm_private.source_rank(coalesce(p_survivor.field_sources -> f.field ->> 'source', p_survivor.sync_source)),
            coalesce((p_survivor.field_sources -> f.field ->> 'at')::timestamptz, '-infinity'),
            f.mine #>> '{}' collate "C",
            coalesce(p_survivor.field_sources -> f.field ->> 'delivery', '') collate "C"))
  )
  select coalesce(jsonb_object_agg(w.field, w.other) filter (where w.field not like 'custom\_attributes.%'), '{}'),
    coalesce(jsonb_object_agg(substr(w.field, length('custom_attributes.') + 1), w.other) filter (where w.field like 'custom\_attributes.%'), '{}'),
    coalesce(jsonb_object_agg(w.field, p_duplicate.field_sources -> w.field) filter (where p_duplicate.field_sources ? w.field), '{}')
  into v_columns, v_custom, v_sources
  from won w;

  if v_columns = '{}' and v_custom = '{}'
    and coalesce(p_duplicate.source_updated_at, '-infinity') <= coalesce(p_survivor.source_updated_at, '-infinity') then
    return;
  end if;

  update crm.contacts c set
    full_name = coalesce(r.full_name, c.full_name),
    email = coalesce(r.email, c.email),
    phone = coalesce(r.phone, c.phone),
    mobile = coalesce(r.mobile, c.mobile),
    landline = coalesce(r.landline, c.landline),
    address = coalesce(r.address, c.address),
    city = coalesce(r.city, c.city),
    country = coalesce(r.country, c.country),
    company = coalesce(r.company, c.company),
    merchant_id = coalesce(r.merchant_id, c.merchant_id),
    source_created_at = coalesce(r.source_created_at, c.source_created_at),
    tags = coalesce(r.tags, c.tags),
    custom_attributes = c.custom_attributes || v_custom,
    field_sources = c.field_sources || v_sources,
    source_updated_at = greatest(c.source_updated_at, p_duplicate.source_updated_at)
  from jsonb_populate_record(null::crm.contacts, v_columns) r
  where c.workspace_id = p_survivor.workspace_id and c.id = p_survivor.id;
end;
$$;
comment on function crm_private.merge_contact_fields(crm.contacts, crm.contacts) is
  'Gives the survivor each field of the duplicate that comes later in the order of fields (source''s rank, time, value, delivery). The duplicate keeps its own.';

-- sql/020_identity/fn_merge_contact_rows.sql
create function crm_private.merge_contact_rows(
  p_workspace_id uuid,
  p_survivor_id uuid,
  p_duplicate_id uuid,
  p_reason text,
  p_merged_by text
)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
  v_duplicate crm.contacts;
  v_identities jsonb;
  v_conversations jsonb;
  v_merge_id uuid;
begin
  -- Both contacts, in id order, before anything moves: whoever links something to one of them holds it for share. Not `for update`:
  -- that would also block the foreign key checks of writers that already hold a conversation, which this waits for next.
  perform from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id in (p_survivor_id, p_duplicate_id)
  order by c.id
  for no key update;
  select c.* into strict v_survivor from crm.contacts c where c.workspace_id = p_workspace_id and c.id = p_survivor_id;
  select c.* into strict v_duplicate from crm.contacts c where c.workspace_id = p_workspace_id and c.id = p_duplicate_id;
  if v_survivor.merged_into_id is not null or v_duplicate.merged_into_id is not null or p_survivor_id = p_duplicate_id then
    raise exception 'merge_contact_rows needs two different contacts that are not merged away';
  end if;

  with moved as (
    update crm.contact_identities i set contact_id = p_survivor_id
    where i.contact_id = p_duplicate_id
    returning i.kind, i.scope, i.value
  )
  select coalesce(jsonb_agg(to_jsonb(m)), '[]') into v_identities from moved m;

  perform from crm.conversations v where v.contact_id = p_duplicate_id order by v.id for no key update;
  with moved as (
    update crm.conversations v set contact_id = p_survivor_id
    where v.contact_id = p_duplicate_id
    returning v.id
  )
  select coalesce(jsonb_agg(m.id), '[]') into v_conversations from moved m;

  update crm.contact_interaction_events e set contact_id = p_survivor_id
  where e.contact_id = p_duplicate_id;

  perform crm_private.merge_contact_fields(v_survivor, v_duplicate);
  perform crm_private.note_identity_fields(p_workspace_id, array[p_survivor_id]);

  update crm.contacts c set merged_into_id = p_survivor_id
  where c.workspace_id = p_workspace_id and c.id = p_duplicate_id;

  insert into crm.contact_merges (workspace_id, survivor_id, duplicate_id, reason, merged_by, moved)
  values (p_workspace_id, p_survivor_id, p_duplicate_id, p_reason, p_merged_by, jsonb_build_object(
    'identities', v_identities, 'conversations', v_conversations,
    'survivor', to_jsonb(v_survivor), 'duplicate', to_jsonb(v_duplicate)))
  returning id into v_merge_id;

  update crm.merge_candidates m set status = 'merged', decided_at = now()
  where m.workspace_id = p_workspace_id and m.status = 'open'
    and m.contact_a_id = least(p_survivor_id, p_duplicate_id) and m.contact_b_id = greatest(p_survivor_id, p_duplicate_id);
  return v_merge_id;
end;
$$;
comment on function crm_private.merge_contact_rows(uuid, uuid, uuid, text, text) is
  'Moves everything that references the duplicate to the survivor, joins their fields, marks the duplicate as merged and returns the id of the contact_merges row. An event belongs to its conversation''s contact, so moved lists conversations, not events.';

-- sql/020_identity/fn_note_identity_fields.sql
create function crm_private.note_identity_fields(p_workspace_id uuid, p_contact_ids uuid[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_noted record;
  v_changed uuid[] := array[]::uuid[];
begin
  for v_noted in
    select i.id, n.wa_id, n.identification
    from (select distinct c.id from unnest(p_contact_ids) c (id) where c.id is not null order by c.id) i
    cross join lateral (
      select max(x.value) filter (where x.kind = 'wa_id') as wa_id, max(x.value) filter (where x.kind = 'identification') as identification
      from crm.contact_identities x
      where x.contact_id = i.id and not x.is_previous
    ) n
  loop
    update crm.contacts c set wa_id = v_noted.wa_id, identification = v_noted.identification
    where c.workspace_id = p_workspace_id and c.id = v_noted.id
      and row(c.wa_id, c.identification) is distinct from row(v_noted.wa_id, v_noted.identification);
    if found then
      v_changed := v_changed || v_noted.id;
    end if;
  end loop;
  return v_changed;
end;
$$;
comment on function crm_private.note_identity_fields(uuid, uuid[]) is
  'Brings the wa_id and the identification of the contacts to what their identities say; returns those that changed. The caller has locked the contacts.';

-- sql/020_identity/fn_note_previous_identities.sql
create function crm_private.note_previous_identities(p_workspace_id uuid, p_identities crm_private.item_identity[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_previous crm_private.item_identity;
begin
  for v_previous in select d.* from unnest(p_identities) d where d.is_previous order by d.kind, d.scope, d.value loop
    update crm.contact_identities i set is_previous = true
    where i.workspace_id = p_workspace_id and i.kind = v_previous.kind and i.scope = v_previous.scope and i.value = v_previous.value
      and not i.is_previous;
  end loop;
end;
$$;
comment on function crm_private.note_previous_identities(uuid, crm_private.item_identity[]) is
  'Marks the identities that a delivery calls previous. Once marked, for good: the order of deliveries does not matter.';

-- sql/020_identity/fn_owners_by_ordinal.sql
create function crm_private.owners_by_ordinal(p_owned crm_private.item_owner[], p_count int)
returns uuid[]
language plpgsql
immutable
set search_path = ''
as $$
begin
  return array(
    select o.contact_id
    from generate_series(1, p_count) i (ordinal)
    left join (
      select x.ordinal, min(x.contact_id::text)::uuid as contact_id from unnest(p_owned) x group by x.ordinal having count(*) = 1
    ) o on o.ordinal = i.ordinal
    order by i.ordinal);
end;
$$;
comment on function crm_private.owners_by_ordinal(crm_private.item_owner[], int) is
  'The one owner of each item''s identities, by ordinal; null where there is none or more than one.';

-- sql/020_identity/fn_participant_problems.sql
create function crm_private.participant_problems(p_participants jsonb[])
returns table (ordinal int, path text)
language plpgsql
stable
set search_path = ''
rows 1
as $$
begin
  return query
  with fields as materialized (
    select p.ordinal::int as ordinal, f.key, f.value, jsonb_typeof(f.value) as type
    from unnest(p_participants) with ordinality p (participant, ordinal)
    cross join lateral jsonb_each(p.participant) f
    where jsonb_typeof(p.participant) = 'object'
  )
  select f.ordinal, '.' || f.key
  from fields f
  where f.type <> 'null'
    and case
      when f.key in ('identities', 'previous_identities', 'tags') then f.type <> 'array'
      when f.key = 'custom_attributes' then f.type <> 'object'
      when f.key in ('source_created_at', 'source_updated_at') then crm_private.event_time(f.value #>> '{}') is null
      when f.key = any (crm_private.contact_text_fields()) then f.type not in ('string', 'number') or length(f.value #>> '{}') > 4000
      else false
    end
  union all
  select f.ordinal, format('.%s[%s].%s', f.key, i.index - 1, w.wrong)
  from fields f
  cross join lateral jsonb_array_elements(f.value) with ordinality i (identity, index)
  cross join lateral (
    select case
      when jsonb_typeof(i.identity) <> 'object'
        or coalesce(i.identity ->> 'kind', '') not in ('psid', 'wa_id', 'bsuid', 'b2chat_id', 'identification', 'phone', 'email') then 'kind'
      when jsonb_typeof(i.identity -> 'value') is distinct from 'string' or length(i.identity ->> 'value') > 256 then 'value'
      when i.identity ? 'scope' and (jsonb_typeof(i.identity -> 'scope') not in ('string', 'null') or length(i.identity ->> 'scope') > 256) then 'scope'
    end as wrong
  ) w
  where f.key in ('identities', 'previous_identities') and f.type = 'array' and w.wrong is not null
  union all
  -- Fields alone are bounded above; what is left to grow is custom attributes and tags.
  select f.ordinal, '.' || f.key
  from fields f
  where f.key in ('custom_attributes', 'tags') and octet_length(f.value::text) > 262144;
end;
$$;
comment on function crm_private.participant_problems(jsonb[]) is
  'What is wrong with participants, as JSON paths from each one''s root: a value of the wrong type, an unknown identity kind, more than 256 kB of custom attributes or tags. Unknown fields are ignored.';

-- sql/020_identity/fn_record_merge_candidates.sql
create function crm_private.record_merge_candidates(p_workspace_id uuid, p_ordinal int, p_identities crm_private.item_identity[], p_contact_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, evidence)
  select p_workspace_id, least(p_contact_id, i.contact_id), greatest(p_contact_id, i.contact_id),
    jsonb_build_object('identities', jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value) order by i.kind, i.scope, i.value))
  from unnest(p_identities) d
  join crm.contact_identities i on i.workspace_id = p_workspace_id and i.kind = d.kind and i.scope = d.scope and i.value = d.value
  where d.ordinal = p_ordinal and i.contact_id <> p_contact_id
  group by i.contact_id
  order by 2, 3
  on conflict (workspace_id, contact_a_id, contact_b_id) do nothing;
end;
$$;
comment on function crm_private.record_merge_candidates(uuid, int, crm_private.item_identity[], uuid) is
  'Makes the contact and whoever else owns one of the item''s identities a merge candidate, once per pair, with those identities as evidence.';

-- sql/020_identity/fn_resolve_bridge.sql
create function crm_private.resolve_bridge(
  p_workspace_id uuid,
  p_sync_source text,
  p_ordinal int,
  p_identities crm_private.item_identity[],
  p_new_id uuid
)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_owners uuid[];
  v_again uuid[];
  v_target uuid;
  v_target_is_stub boolean;
  v_target_created_at timestamptz;
  v_other record;
  v_kinds text[];
  v_scopes text[];
  v_values text[];
begin
  select array_agg(d.kind), array_agg(d.scope), array_agg(d.value)
  into v_kinds, v_scopes, v_values
  from unnest(p_identities) d
  where d.ordinal = p_ordinal and not d.is_previous;

  -- Lock the owners in id order and read the owners again, until the two agree: a merge may have moved identities meanwhile.
  v_owners := crm_private.identity_owners(p_workspace_id, p_ordinal, p_identities);
  loop
    perform from crm.contacts c
    where c.workspace_id = p_workspace_id and c.id = any (v_owners)
    order by c.id
    for no key update;
    v_again := crm_private.identity_owners(p_workspace_id, p_ordinal, p_identities);
    exit when v_again = v_owners;
    v_owners := v_again;
  end loop;

  -- The strongest identity's owner decides, unless it cannot be this person.
  select c.id, c.needs_full_sync, c.created_at
  into v_target, v_target_is_stub, v_target_created_at
  from unnest(v_owners) with ordinality o (id, place)
  join crm.contacts c on c.workspace_id = p_workspace_id and c.id = o.id
  where not crm_private.contact_excludes(p_workspace_id, c.id, v_kinds, v_scopes, v_values)
  order by o.place
  limit 1;

  if v_target is null then
    if exists (
      select from unnest(v_owners) o (id)
      where not exists (select from crm.contacts c where c.workspace_id = p_workspace_id and c.id = o.id)) then
      -- It brings an identity that nobody had: that makes a contact of its own.
      v_target := p_new_id;
      v_target_is_stub := p_sync_source = 'chat_embedded';
    else
      -- Everything it names belongs to somebody: the strongest decides, and a replay finds the same.
      select c.id, c.needs_full_sync, c.created_at into v_target, v_target_is_stub, v_target_created_at
      from crm.contacts c
      where c.workspace_id = p_workspace_id and c.id = v_owners[1];
    end if;
  end if;

  for v_other in
    select c.id, c.needs_full_sync as is_stub, c.created_at
    from unnest(v_owners) with ordinality o (id, place)
    join crm.contacts c on c.workspace_id = p_workspace_id and c.id = o.id
    where c.id <> v_target
    order by o.place
  loop
    -- Only stubs merge on their own, and into a contact that has a row.
    if (v_other.is_stub or v_target_is_stub)
      and v_target_created_at is not null
      and not crm_private.contact_excludes(p_workspace_id, v_other.id, v_kinds, v_scopes, v_values)
      and not crm_private.contacts_are_kept_apart(p_workspace_id, v_target, v_other.id) then
      -- A full contact survives a stub; of two stubs, the older one.
      if v_target_is_stub and (not v_other.is_stub or row(v_other.created_at, v_other.id) < row(v_target_created_at, v_target)) then
        perform crm_private.merge_contact_rows(p_workspace_id, v_other.id, v_target, 'bridged by a delivery', 'system');
        v_target := v_other.id;
        v_target_is_stub := v_other.is_stub;
        v_target_created_at := v_other.created_at;
      else
        perform crm_private.merge_contact_rows(p_workspace_id, v_target, v_other.id, 'bridged by a delivery', 'system');
      end if;
    end if;
  end loop;

  -- What this call claimed for contacts that have no row yet belongs to the target.
  update crm.contact_identities i set contact_id = v_target
  from unnest(p_identities) d
  where d.ordinal = p_ordinal
    and i.workspace_id = p_workspace_id and i.kind = d.kind and i.scope = d.scope and i.value = d.value
    and i.contact_id <> v_target
    and not exists (select from crm.contacts c where c.workspace_id = p_workspace_id and c.id = i.contact_id);
  return v_target;
end;
$$;
comment on function crm_private.resolve_bridge(uuid, text, int, crm_private.item_identity[], uuid) is
  'The contact of an item whose identities have several owners: the strongest identity''s owner that can be this person, else p_new_id. Stubs among the other owners are merged. The identities that stay elsewhere are the evidence for a merge candidate, which the caller records once the contact has a row.';

-- sql/020_identity/fn_resolve_contacts.sql
create function crm_private.resolve_contacts(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_identities crm_private.item_identity[],
  p_will_link boolean,
  p_now timestamptz,
  out contact_ids uuid[],
  out outcomes text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_new_ids uuid[];
  v_unowned crm_private.item_identity[];
  v_owned crm_private.item_owner[];
  v_changes crm_private.field_change[];
  v_bridges int[];
  v_after_bridges int[];
  v_id_changes int[];
  v_changed uuid[];
  v_ordinal int;
  v_written record;
begin
  outcomes := array_fill('ignored'::text, array[cardinality(p_items)]);
  contact_ids := array_fill(null::uuid, array[cardinality(p_items)]);
  if cardinality(p_identities) = 0 then
    return;
  end if;
  v_unowned := crm_private.unowned_identities(p_workspace_id, p_identities);
  v_owned := crm_private.item_owners(p_workspace_id, p_identities);
  v_bridges := array(select o.ordinal from unnest(v_owned) o group by o.ordinal having count(*) > 1);

  -- Everything known and nothing new said: no lock, no write.
  v_id_changes := array(select distinct d.ordinal from unnest(p_identities) d where d.is_previous);
  if cardinality(v_unowned) = 0 and cardinality(v_bridges) = 0 and not p_will_link and cardinality(v_id_changes) = 0 then
    contact_ids := crm_private.owners_by_ordinal(v_owned, cardinality(p_items));
    v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items, contact_ids);
    if p_sync_source = 'chat_embedded' and not exists (select from unnest(v_changes) c where c.wins) then
      outcomes := crm_private.contact_outcomes(p_workspace_id, p_sync_source, p_items, contact_ids, v_changes, '{}', '{}');
      return;
    end if;
  end if;

  v_new_ids := array(select gen_random_uuid() from generate_series(1, cardinality(p_items)));
  if cardinality(v_unowned) > 0 then
    perform crm_private.claim_identities(p_workspace_id, p_sync_source, p_items, v_unowned, v_owned, v_new_ids, v_id_changes);
    v_owned := crm_private.item_owners(p_workspace_id, p_identities);
  end if;

  -- Lock the owners and read them again: a merge moves identities while it holds both contacts. If one was waited for, begin anew
  -- without what is locked by now: the owner it went to may come before it in the order of locks.
  -- Whoever brings fields or a bridge may write; whoever brings neither only needs the contact to stay. One mode for all.
  v_bridges := array(select o.ordinal from unnest(v_owned) o group by o.ordinal having count(*) > 1 order by o.ordinal);
  perform crm_private.lock_contacts(p_workspace_id, v_owned,
    p_sync_source = 'contacts_api' or cardinality(v_bridges) > 0 or cardinality(v_unowned) > 0 or cardinality(v_id_changes) > 0
    or exists (select from unnest(p_items) i where i.participant - 'identities' - 'previous_identities' <> '{}'));
  if crm_private.item_owners(p_workspace_id, p_identities) is distinct from v_owned then
    raise exception using errcode = 'serialization_failure', message = 'A contact was merged away meanwhile.';
  end if;

  -- Before a bridge is judged: an id that was changed excludes nobody.
  if cardinality(v_id_changes) > 0 then
    perform crm_private.note_previous_identities(p_workspace_id, p_identities);
  end if;

  -- One owner: that is the contact.
  contact_ids := crm_private.owners_by_ordinal(v_owned, cardinality(p_items));
  -- Except where that was claimed for a bridge and has no row yet: whose it is shows when the bridge is resolved.
  v_after_bridges := array(
    select o.ordinal
    from unnest(v_owned) o
    where o.ordinal <> all (v_bridges) and o.contact_id in (select v_new_ids[b.ordinal] from unnest(v_bridges) b (ordinal))
    order by o.ordinal);
  foreach v_ordinal in array v_after_bridges loop
    contact_ids[v_ordinal] := null;
  end loop;
  v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items, contact_ids);
  select * into v_written from crm_private.write_contacts(p_workspace_id, p_sync_source, p_items, contact_ids, v_changes, p_now);
  outcomes := crm_private.contact_outcomes(p_workspace_id, p_sync_source, p_items, contact_ids, v_changes, v_written.created, v_written.upgraded);

  -- Several owners: a bridge, one at a time.
  foreach v_ordinal in array v_bridges || v_after_bridges loop
    contact_ids[v_ordinal] := case
      when v_ordinal = any (v_bridges)
        then crm_private.resolve_bridge(p_workspace_id, p_sync_source, v_ordinal, p_identities, v_new_ids[v_ordinal])
      else (crm_private.identity_owners(p_workspace_id, v_ordinal, p_identities))[1]
    end;
    v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items[v_ordinal:v_ordinal], contact_ids);
    select * into v_written
    from crm_private.write_contacts(p_workspace_id, p_sync_source, p_items[v_ordinal:v_ordinal], contact_ids, v_changes, p_now);
    outcomes[v_ordinal] := (crm_private.contact_outcomes(p_workspace_id, p_sync_source, p_items[v_ordinal:v_ordinal], contact_ids, v_changes,
      v_written.created, v_written.upgraded))[1];
    perform crm_private.record_merge_candidates(p_workspace_id, v_ordinal, p_identities, contact_ids[v_ordinal]);
  end loop;

  -- A bridge may have merged away a contact that an earlier item of this call was given.
  if cardinality(v_bridges) > 0 then
    contact_ids := array(
      select crm_private.surviving_contact(p_workspace_id, c.id) from unnest(contact_ids) with ordinality c (id, place) order by c.place);
  end if;

  if cardinality(v_id_changes) > 0 or exists (select from unnest(v_unowned) d where d.kind in ('wa_id', 'identification')) then
    v_changed := crm_private.note_identity_fields(p_workspace_id, contact_ids);
    outcomes := array(
      select case when o.outcome in ('unchanged', 'linked', 'stale') and o.id = any (v_changed) then 'updated' else o.outcome end
      from unnest(outcomes, contact_ids) with ordinality as o (outcome, id, place)
      order by o.place);
  end if;
end;
$$;
comment on function crm_private.resolve_contacts(uuid, text, crm_private.inbound_item[], crm_private.item_identity[], boolean, timestamptz) is
  'The contact of each item (by ordinal; null without a usable identity) and what became of it, creating, updating and merging as the rules of resolution say. One identity never points at two contacts: its primary key is claimed before anything else. p_will_link: the caller will write references to the contacts, which are then locked against merges in any case.';

-- sql/020_identity/fn_source_rank.sql
create function crm_private.source_rank(p_sync_source text)
returns int
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case p_sync_source when 'chat_embedded' then 1 else 2 end;
end;
$$;
comment on function crm_private.source_rank(text) is
  'How much a source''s word on a contact''s field weighs: the Contacts API always outweighs a chat.';

-- sql/020_identity/fn_surviving_contact.sql
create function crm_private.surviving_contact(p_workspace_id uuid, p_contact_id uuid)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with recursive chain as (
      select c.id, c.merged_into_id from crm.contacts c where c.workspace_id = p_workspace_id and c.id = p_contact_id
      union all
      select c.id, c.merged_into_id
      from chain h
      join crm.contacts c on c.workspace_id = p_workspace_id and c.id = h.merged_into_id
    )
    select h.id from chain h where h.merged_into_id is null
  );
end;
$$;
comment on function crm_private.surviving_contact(uuid, uuid) is 'The contact that a chain of merges ends in; the contact itself when it was never merged; null when there is none.';

-- sql/020_identity/fn_unowned_identities.sql
create function crm_private.unowned_identities(p_workspace_id uuid, p_identities crm_private.item_identity[])
returns crm_private.item_identity[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(d), '{}')
    from unnest(p_identities) d
    left join lateral (
      select true as is_owned
      from crm.contact_identities c
      where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
      offset 0
    ) o on true
    where o.is_owned is null
  );
end;
$$;
comment on function crm_private.unowned_identities(uuid, crm_private.item_identity[]) is 'Those of the identities that no contact of the workspace has, in the order given.';

-- sql/020_identity/fn_upsert_contact.sql
create function crm.upsert_contact(p_workspace_id uuid, p_sync_source text, p_contact jsonb)
returns table (contact_id uuid, outcome text, sync_source text, version bigint)
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_items crm_private.inbound_item[];
  v_identities crm_private.item_identity[];
  v_nobody crm.channel_accounts;
  v_problem text;
  v_contact_ids uuid[];
  v_outcomes text[];
begin
  if p_sync_source is null or p_sync_source not in ('chat_embedded', 'contacts_api') then
    perform crm_private.reject_input('p_sync_source', 'The source is chat_embedded or contacts_api.');
  end if;
  if jsonb_typeof(p_contact) is distinct from 'object' then
    perform crm_private.reject_input('$', 'A contact is a JSON object.');
  end if;
  select min(p.path) into v_problem from crm_private.participant_problems(array[p_contact]) p;
  if v_problem is not null then
    perform crm_private.reject_input('$' || v_problem, 'The contact has a value of the wrong type or size.');
  end if;
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    raise exception using errcode = 'PT404', message = 'There is no such workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'workspace')::text,
      hint = 'Create it with create_workspace.';
  end if;

  v_items := array[row(1, null, p_contact, crm_private.event_time(p_contact ->> 'source_updated_at'), null,
    coalesce(p_contact ->> 'delivery', p_sync_source), null, null)::crm_private.inbound_item];
  v_nobody.workspace_id := p_workspace_id;
  v_identities := crm_private.item_identities(v_nobody, v_items);
  for v_attempt in 1..5 loop
    begin
      select r.contact_ids, r.outcomes into v_contact_ids, v_outcomes
      from crm_private.resolve_contacts(p_workspace_id, p_sync_source, v_items, v_identities, false, clock_timestamp()) r;
      exit;
    exception when serialization_failure then
      -- The contact was merged away while this waited for it: what is locked is let go, and all is read anew.
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;

  return query
  select v_contact_ids[1], v_outcomes[1], c.sync_source, c.version
  from (values (1)) one
  left join crm.contacts c on c.workspace_id = p_workspace_id and c.id = v_contact_ids[1];
end;
$$;
comment on function crm.upsert_contact(uuid, text, jsonb) is
  'Resolves a contact by its identities and writes what the source knows of it. Outcome: created, linked, updated, upgraded, unchanged, stale, or ignored (no usable identity: contact_id is null). p_contact: {identities: [{kind, scope?, value}], previous_identities?, source_updated_at?, delivery?, full_name, email, …}; delivery names where the record came from. PT400 invalid_input with the path, PT404 not_found.';

-- sql/020_identity/fn_write_contacts.sql
create function crm_private.write_contacts(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_contact_ids uuid[],
  p_changes crm_private.field_change[],
  p_now timestamptz,
  out created uuid[],
  out upgraded uuid[]
)
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  with fields as materialized (
    select w.contact_id,
      jsonb_object_agg(w.field, w.value) filter (where not w.field like 'custom\_attributes.%') as columns,
      jsonb_object_agg(substr(w.field, length('custom_attributes.') + 1), w.value) filter (where w.field like 'custom\_attributes.%') as custom,
      jsonb_object_agg(w.field, jsonb_build_object('source', p_sync_source, 'at', w.at, 'delivery', w.delivery)) as sources
    from unnest(p_changes) w
    where w.wins
    group by w.contact_id
  ), targets as materialized (
    select i.contact_id, f.custom, f.sources, i.source_updated_at, c.id is not null as is_there, coalesce(c.needs_full_sync, false) as was_stub,
      jsonb_populate_record(null::crm.contacts, coalesce(f.columns, '{}')) as given
    from (
      select p_contact_ids[i.ordinal] as contact_id, max(case when p_sync_source = 'contacts_api' then i.source_time end) as source_updated_at
      from unnest(p_items) i
      where p_contact_ids[i.ordinal] is not null
      group by 1
    ) i
    left join fields f on f.contact_id = i.contact_id
    left join lateral (
      select x.id, x.needs_full_sync from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
    ) c on true
  ), inserted as (
    insert into crm.contacts (
      workspace_id, id, full_name, email, phone, mobile, landline, address, city, country, company, merchant_id,
      tags, custom_attributes, sync_source, needs_full_sync, last_sync_at, field_sources, source_created_at, source_updated_at)
    select p_workspace_id, t.contact_id, (t.given).full_name, (t.given).email, (t.given).phone, (t.given).mobile, (t.given).landline,
      (t.given).address, (t.given).city, (t.given).country, (t.given).company,
      (t.given).merchant_id, coalesce((t.given).tags, '[]'), coalesce(t.custom, '{}'), p_sync_source, p_sync_source = 'chat_embedded',
      p_now, coalesce(t.sources, '{}'), (t.given).source_created_at, t.source_updated_at
    from targets t
    where not t.is_there
    order by t.contact_id
    returning id
  ), updated as (
    update crm.contacts c set
      full_name = coalesce((t.given).full_name, c.full_name),
      email = coalesce((t.given).email, c.email),
      phone = coalesce((t.given).phone, c.phone),
      mobile = coalesce((t.given).mobile, c.mobile),
      landline = coalesce((t.given).landline, c.landline),
      address = coalesce((t.given).address, c.address),
      city = coalesce((t.given).city, c.city),
      country = coalesce((t.given).country, c.country),
      company = coalesce((t.given).company, c.company),
      merchant_id = coalesce((t.given).merchant_id, c.merchant_id),
      source_created_at = coalesce((t.given).source_created_at, c.source_created_at),
      tags = coalesce((t.given).tags, c.tags),
      custom_attributes = c.custom_attributes || coalesce(t.custom, '{}'),
      field_sources = c.field_sources || coalesce(t.sources, '{}'),
      source_updated_at = greatest(c.source_updated_at, t.source_updated_at),
      sync_source = case when p_sync_source = 'contacts_api' and c.sync_source = 'chat_embedded' then 'upgraded' else c.sync_source end,
      needs_full_sync = c.needs_full_sync and p_sync_source <> 'contacts_api',
      last_sync_at = p_now
    from targets t
    -- The workspace goes without saying; written so, it offers the planner no shorter index to scan.
    where t.is_there and c.id = t.contact_id and c.workspace_id is not distinct from p_workspace_id
      and (t.sources is not null
        or t.source_updated_at > coalesce(c.source_updated_at, '-infinity')
        or (p_sync_source = 'contacts_api' and t.was_stub))
    returning c.id, t.was_stub and not c.needs_full_sync as was_upgraded
  )
  select (select array_agg(n.id) from inserted n), (select array_agg(u.id) from updated u where u.was_upgraded)
  into created, upgraded;
end;
$$;
comment on function crm_private.write_contacts(uuid, text, crm_private.inbound_item[], uuid[], crm_private.field_change[], timestamptz) is
  'Inserts the contacts (p_contact_ids by ordinal) that have no row yet, gives the others the fields that won, and upgrades stubs when the Contacts API speaks; returns which were created and which upgraded. Contacts nothing changes for are not written. The caller has locked them.';

-- sql/020_identity/trg_contacts_bump_version.sql
create trigger bump_version
before update on crm.contacts
for each row execute function crm_private.bump_version();

-- sql/030_conversations/10_tables.sql
create table crm.conversations (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  channel_account_id uuid not null,
  contact_id uuid,
  status text not null default 'open',
  status_changed_at timestamptz,
  unread_count int not null default 0,
  last_message_at timestamptz,
  last_inbound_at timestamptz,
  delivered_watermark timestamptz,
  read_watermark timestamptz,
  source_updated_at timestamptz,
  follow_up boolean not null default false,
  metadata jsonb not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, channel_account_id, id),
  constraint channel_account_fkey foreign key (workspace_id, channel_account_id)
    references crm.channel_accounts (workspace_id, id) on delete cascade,
  constraint contact_fkey foreign key (workspace_id, contact_id)
    references crm.contacts (workspace_id, id) on delete set null (contact_id),
  constraint status_is_valid check (status in ('open', 'pending', 'closed')),
  constraint unread_count_is_not_negative check (unread_count >= 0),
  constraint metadata_is_object check (jsonb_typeof(metadata) = 'object')
) with (fillfactor = 80);
comment on table crm.conversations is 'One thread: a channel account with one participant.';
comment on column crm.conversations.last_inbound_at is 'When the participant last wrote to us: the 24-hour reply window counts from here. History from before the account was connected does not move it.';
comment on column crm.conversations.delivered_watermark is 'Everything we sent up to here has been delivered.';
comment on column crm.conversations.read_watermark is 'Everything we sent up to here has been read.';
comment on column crm.conversations.source_updated_at is 'The newest time the provider gave for the thread as a whole.';
comment on column crm.conversations.follow_up is 'Whether the next message has more to do than be stored: an event came before the message it speaks of, or the AI set a tag. A new message reads it off the row it updates anyway, as it is after waiting for the lock: a look-up in the same statement would be older than the lock.';
comment on column crm.conversations.metadata is '`participant`: the participant as delivered, kept while contact_id is null.';
-- Columns touched by every message are not indexed: updates stay heap-only.
create index conversations_id_idx on crm.conversations (id);
create index conversations_contact_idx on crm.conversations (contact_id);

create table crm.conversation_keys (
  workspace_id uuid not null,
  channel_account_id uuid not null,
  kind text not null,
  value text not null collate "C",
  conversation_id uuid not null,
  primary key (workspace_id, channel_account_id, kind, value),
  -- Claimed before the conversation's row exists, as identities are.
  constraint conversation_fkey foreign key (workspace_id, channel_account_id, conversation_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade deferrable initially deferred,
  constraint kind_is_valid check (kind in ('participant', 'thread'))
);
comment on table crm.conversation_keys is 'The dedup index of conversations: one thread id or participant points at one conversation of the account.';
comment on column crm.conversation_keys.value is 'The provider''s thread id, or <identity kind>:<value> of the participant.';
create index conversation_keys_conversation_idx on crm.conversation_keys (conversation_id);

create table crm.conversation_tags (
  workspace_id uuid not null,
  conversation_id uuid not null,
  tag text not null,
  set_by text not null,
  set_at timestamptz not null default clock_timestamp(),
  primary key (workspace_id, conversation_id, tag),
  constraint conversation_fkey foreign key (workspace_id, conversation_id)
    references crm.conversations (workspace_id, id) on delete cascade,
  constraint set_by_is_valid check (set_by in ('human', 'ai')),
  constraint tag_is_valid check (tag = btrim(tag) and length(tag) between 1 and 100)
);
comment on table crm.conversation_tags is 'Tags of a conversation. An inbound message removes those the AI set before it occurred.';

create table crm.messages (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  channel_account_id uuid not null,
  conversation_id uuid not null,
  provider_message_id text not null collate "C",
  direction text not null,
  body text,
  attachments jsonb not null default '[]',
  reply_to text,
  status text,
  error jsonb,
  sent_at timestamptz not null,
  edit_count bigint not null default 0,
  unsent_at timestamptz,
  is_history boolean not null default false,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, channel_account_id, provider_message_id),
  constraint conversation_fkey foreign key (workspace_id, channel_account_id, conversation_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade,
  constraint provider_message_id_is_valid check (length(provider_message_id) between 1 and 512),
  constraint direction_is_valid check (direction in ('inbound', 'outbound')),
  constraint attachments_is_array check (jsonb_typeof(attachments) = 'array'),
  constraint payload_is_object check (jsonb_typeof(payload) = 'object'),
  constraint status_is_valid check (status in ('queued', 'sent', 'failed', 'delivered', 'read'))
);
comment on table crm.messages is 'Something said, inbound or outbound, once per channel account and provider message id.';
comment on column crm.messages.status is 'Of an outbound message: queued < sent < failed < delivered < read, only ever raised. Null for an inbound one.';
comment on column crm.messages.error is 'Why a send failed, kept even if the provider later says it was delivered.';
comment on column crm.messages.edit_count is 'The number of the edit the body comes from; 0 for the original.';
comment on column crm.messages.unsent_at is 'When the sender took it back: body, attachments and payload are then gone for good.';
create index messages_conversation_idx on crm.messages (conversation_id, sent_at);

create table crm.contact_interaction_events (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  channel_account_id uuid not null,
  conversation_id uuid not null,
  contact_id uuid,
  message_id uuid,
  provider_message_id text collate "C",
  event_type text not null,
  event_key text not null collate "C",
  occurred_at timestamptz not null,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, channel_account_id, event_key),
  constraint conversation_fkey foreign key (workspace_id, channel_account_id, conversation_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade,
  constraint contact_fkey foreign key (workspace_id, contact_id)
    references crm.contacts (workspace_id, id) on delete set null (contact_id),
  constraint message_fkey foreign key (workspace_id, message_id)
    references crm.messages (workspace_id, id) on delete cascade,
  constraint payload_is_object check (jsonb_typeof(payload) = 'object'),
  constraint event_type_is_a_word check (event_type ~ '^[a-z][a-z0-9_]{0,39}$')
);
comment on table crm.contact_interaction_events is 'Everything that happened in a conversation, once: messages, statuses, reactions, postbacks, referrals, reads and whatever else a provider tells.';
comment on column crm.contact_interaction_events.event_key is 'message:<id>, status:<id>:<status>, edit:<id>:<n>, otherwise type:<message id>:<milliseconds>:<hash of the payload>.';
-- These lead with the column they are for, not with the workspace: an index that shares its first columns with the unique key would
-- be taken for it while the statistics are young, and a look-up by key would read the whole account.
create index contact_interaction_events_conversation_idx on crm.contact_interaction_events (conversation_id, occurred_at);
create index contact_interaction_events_contact_idx on crm.contact_interaction_events (contact_id, occurred_at) where contact_id is not null;
create index contact_interaction_events_message_idx on crm.contact_interaction_events (message_id) where message_id is not null;
-- Small: only events that came before the message they speak of. A new message looks here for what is already known of it.
create index contact_interaction_events_waiting_idx on crm.contact_interaction_events (provider_message_id)
  where message_id is null and provider_message_id is not null;

-- sql/030_conversations/30_policies.sql
alter table crm.conversations enable row level security;
create policy members_read on crm.conversations for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.conversation_keys enable row level security;
create policy members_read on crm.conversation_keys for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.conversation_tags enable row level security;
create policy members_read on crm.conversation_tags for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.messages enable row level security;
create policy members_read on crm.messages for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.contact_interaction_events enable row level security;
create policy members_read on crm.contact_interaction_events for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/030_conversations/fn_apply_message_effects.sql
create function crm_private.apply_message_effects(p_account crm.channel_accounts, p_message_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ranks constant text[] := array['queued', 'sent', 'failed', 'delivered', 'read'];
  v_effect record;
begin
  -- In a statement of its own: what is read below is then as it is under lock. Another conversation may speak of the same message.
  perform l.id
  from (select distinct m.id from unnest(p_message_ids) m (id) order by m.id) i
  cross join lateral (
    select x.id from crm.messages x where x.workspace_id = p_account.workspace_id and x.id = i.id
    for no key update
  ) l;

  for v_effect in
    select i.id, e.*
    from (select distinct m.id from unnest(p_message_ids) m (id)) i
    cross join lateral (
      select
        max(array_position(v_ranks, split_part(e.event_key, ':', -1))) filter (where e.event_type = 'status') as status_rank,
        (array_agg(e.payload -> 'error') filter (where e.event_type = 'status' and e.payload ? 'error'))[1] as error,
        (array_agg(e.payload ->> 'text' order by split_part(e.event_key, ':', -1)::bigint desc, length(e.payload ->> 'text') desc,
          e.payload ->> 'text' collate "C" desc) filter (where e.event_type = 'edit' and e.payload ? 'text'))[1] as body,
        max(split_part(e.event_key, ':', -1)::bigint) filter (where e.event_type = 'edit') as edit_number,
        min(e.occurred_at) filter (where e.event_type = 'unsend') as unsent_at
      from crm.contact_interaction_events e
      where e.message_id = i.id and e.event_type in ('status', 'edit', 'unsend')
    ) e
    where e.status_rank is not null or e.edit_number is not null or e.unsent_at is not null
  loop
    if v_effect.unsent_at is not null then
      update crm.contact_interaction_events e set payload = '{}'
      where e.message_id = v_effect.id and e.event_type = 'edit' and e.payload <> '{}';
    end if;

    update crm.messages m set
      status = n.status, error = n.error, edit_count = n.edit_count, unsent_at = n.unsent_at, body = n.body, attachments = n.attachments,
      payload = n.payload
    from (
      select
        case when x.direction = 'outbound'
          then v_ranks[greatest(array_position(v_ranks, x.status), v_effect.status_rank)]
        end as status,
        coalesce(x.error, v_effect.error) as error,
        greatest(x.edit_count, v_effect.edit_number) as edit_count,
        least(x.unsent_at, v_effect.unsent_at) as unsent_at,
        case
          when coalesce(x.unsent_at, v_effect.unsent_at) is not null then null
          when v_effect.edit_number > x.edit_count then nullif(v_effect.body, '')
          else x.body
        end as body,
        case when coalesce(x.unsent_at, v_effect.unsent_at) is not null then '[]' else x.attachments end as attachments,
        case when coalesce(x.unsent_at, v_effect.unsent_at) is not null then '{}' else x.payload end as payload
      from crm.messages x
      where x.workspace_id = p_account.workspace_id and x.id = v_effect.id
    ) n
    where m.workspace_id = p_account.workspace_id and m.id = v_effect.id
      and row(m.status, m.error, m.edit_count, m.unsent_at, m.body, m.attachments, m.payload)
        is distinct from row(n.status, n.error, n.edit_count, n.unsent_at, n.body, n.attachments, n.payload);
  end loop;
end;
$$;
comment on function crm_private.apply_message_effects(crm.channel_accounts, uuid[]) is
  'Brings the messages to what their stored events say: the highest status (I11: it only moves up), the text of the last edit, and nothing of what was taken back. Depends on the set of events alone, not on their order of arrival.';

-- sql/030_conversations/fn_apply_watermarks.sql
create function crm_private.apply_watermarks(p_account crm.channel_accounts, p_conversations crm.conversations[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.messages m set status = case when m.sent_at <= v.read_watermark then 'read' else 'delivered' end
  from unnest(p_conversations) o
  cross join lateral (
    select x.id, x.read_watermark, x.delivered_watermark
    from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = o.id
    offset 0
  ) v
  where m.conversation_id = v.id
    and m.direction = 'outbound'
    and ((m.sent_at <= v.read_watermark and m.sent_at > coalesce(o.read_watermark, '-infinity') and m.status <> 'read')
      or (m.sent_at <= v.delivered_watermark and m.sent_at > coalesce(o.delivered_watermark, '-infinity')
        and m.status in ('queued', 'sent', 'failed')));
end;
$$;
comment on function crm_private.apply_watermarks(crm.channel_accounts, crm.conversations[]) is
  'Marks what we sent up to the conversations'' watermarks as delivered or read. p_conversations are the rows as they were before: only messages between the old watermark and the new one are looked at.';

-- sql/030_conversations/fn_attach_waiting_events.sql
create function crm_private.attach_waiting_events(p_account crm.channel_accounts, p_message_keys text[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_waiting record;
  v_messages uuid[] := array[]::uuid[];
begin
  -- One by one: events that wait are few, and the look-up that finds none is what has to be cheap.
  for v_waiting in
    select w.id, m.id as message_id
    from unnest(p_message_keys) k (key)
    cross join lateral (
      select e.id, e.provider_message_id
      from crm.contact_interaction_events e
      where e.provider_message_id = substr(k.key, length('message:') + 1) and e.message_id is null
        -- Written so, these offer the planner no other index to scan.
        and e.workspace_id is not distinct from p_account.workspace_id and e.channel_account_id is not distinct from p_account.id
      offset 0
    ) w
    cross join lateral (
      select x.id
      from crm.messages x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and x.provider_message_id = w.provider_message_id
      offset 0
    ) m
  loop
    update crm.contact_interaction_events e set message_id = v_waiting.message_id
    where e.workspace_id = p_account.workspace_id and e.id = v_waiting.id;
    v_messages := v_messages || v_waiting.message_id;
  end loop;
  return array(select distinct m.id from unnest(v_messages) m (id));
end;
$$;
comment on function crm_private.attach_waiting_events(crm.channel_accounts, text[]) is
  'Ties events that came before their message (a status, an edit, a reaction) to the messages with these event keys; returns the messages that had any.';

-- sql/030_conversations/fn_bulk_upsert_conversations_with_events.sql
create function crm.bulk_upsert_conversations_with_events(p_channel_account_id uuid, p_items jsonb, p_lock_token uuid default null)
returns table (
  ordinal int,
  conversation_id uuid,
  contact_id uuid,
  version bigint,
  is_new boolean,
  contact_outcome text,
  events_inserted int,
  events_duplicate int,
  error jsonb
)
language plpgsql
set search_path = ''
-- While the statistics are young, a plan that scans a small table would outlive its smallness.
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
  v_result crm_private.ingest_result;
  v_item jsonb;
  v_results crm_private.ingest_result[];
  v_follow_up boolean;
  v_has_other_ids boolean;
begin
  -- The short way for what arrives most: one new message of one participant whose conversation is known, and nothing else in the
  -- item. It does in one statement what ingest_items would do. Whatever is unusual falls through to the general way, and so does
  -- what the tables refuse. Some such items of one call go one after the other, with their conversations locked before.
  begin
    if jsonb_array_length(p_items) > 1 and not crm_private.lock_known_conversations(p_channel_account_id, p_items) then
      raise exception using errcode = 'data_exception', message = 'not the short way';
    end if;
    for v_ordinal in 1..jsonb_array_length(p_items) loop
      v_item := p_items -> (v_ordinal - 1);
      with known as (
        select a.workspace_id, v.*, c.needs_full_sync, i.event, i.event ->> 'provider_message_id' as message_id, t.occurred_at,
          i.event ->> 'direction' as direction, i.kind
        from (
          select v_item #> '{events,0}' as event, v_item #>> '{participant,identities,0,kind}' as kind
          offset 0
        ) i
        cross join lateral (
          select to_timestamp(case when n.time < 1e10 then n.time else n.time / 1000 end) as occurred_at
          from (select (i.event ->> 'occurred_at')::float8 as time offset 0) n
          offset 0
        ) t
        cross join crm.channel_accounts a
        join crm.conversation_keys k on k.workspace_id = a.workspace_id and k.channel_account_id = a.id
          and k.kind = 'participant'
          and k.value = i.kind || ':' || (v_item #>> '{participant,identities,0,value}')
        -- The contact needs no lock: it is read off the conversation under lock, and a merge takes the conversations before the events.
        cross join lateral (
          select x.id, x.contact_id, x.read_watermark, x.delivered_watermark
          from crm.conversations x
          where x.workspace_id = a.workspace_id and x.id = k.conversation_id
          for no key update
        ) v
        join crm.contacts c on c.workspace_id = a.workspace_id and c.id = v.contact_id
        where a.id = p_channel_account_id
          and p_lock_token is null
          and jsonb_typeof(v_item #> '{participant,identities,0,value}') = 'string'
          -- A bsuid's scope is another matter: ingest_known_person.
          and (i.kind = 'wa_id'
            or i.kind = 'psid' and coalesce(v_item #>> '{participant,identities,0,scope}', a.external_id) = a.external_id)
          and v_item #- '{events,0}' #- '{participant,identities,0,kind}' #- '{participant,identities,0,value}'
            #- '{participant,identities,0,scope}' = '{"events": [], "participant": {"identities": [{}]}}'
          and i.event - '{provider_message_id,occurred_at,direction,text,attachments,reply_to,payload}'::text[] = '{"type": "message"}'
          and jsonb_typeof(coalesce(i.event -> 'text', '""')) = 'string'
          and i.event ->> 'occurred_at' ~ '^[0-9]{1,14}([.][0-9]{1,9})?$'
          and t.occurred_at between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours'
      ), message as (
        insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body, attachments,
          reply_to, status, sent_at, payload)
        select n.workspace_id, p_channel_account_id, n.id, n.message_id, n.direction, nullif(n.event ->> 'text', ''),
          coalesce(n.event -> 'attachments', '[]'), n.event ->> 'reply_to',
          case
            when n.direction = 'inbound' then null
            when n.occurred_at <= n.read_watermark then 'read'
            when n.occurred_at <= n.delivered_watermark then 'delivered'
            else 'sent'
          end,
          n.occurred_at, coalesce(n.event -> 'payload', '{}')
        from known n
        on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
        returning id
      ), event as (
        insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
          provider_message_id, event_type, event_key, occurred_at)
        select n.workspace_id, p_channel_account_id, n.id, n.contact_id, m.id, n.message_id, 'message', 'message:' || n.message_id,
          n.occurred_at
        from known n, message m
      )
      update crm.conversations v set
        status = case when n.direction = 'inbound' and v.status = 'closed' and n.occurred_at > coalesce(v.status_changed_at, '-infinity')
          then 'open' else v.status end,
        unread_count = v.unread_count + (n.direction = 'inbound')::int,
        last_message_at = greatest(v.last_message_at, n.occurred_at),
        last_inbound_at = case when n.direction = 'inbound' then greatest(v.last_inbound_at, n.occurred_at) else v.last_inbound_at end
      from known n, message m
      where v.workspace_id = n.workspace_id and v.id = n.id
      returning v_ordinal, v.id, v.contact_id, v.version, false, case when n.needs_full_sync then 'unchanged' else 'linked' end, 1, 0, v.follow_up, n.kind <> 'psid'
      into ordinal, conversation_id, contact_id, version, is_new, contact_outcome, events_inserted, events_duplicate, v_follow_up, v_has_other_ids;

      if v_follow_up is null then
        -- A duplicate, perhaps: the conversation may be locked, and the general way locks its contact first. Undone, nothing is.
        raise exception using errcode = 'data_exception', message = 'not the short way';
      end if;
      if v_has_other_ids and not v_follow_up then
        v_follow_up := crm_private.has_waiting_events(p_channel_account_id, v_item #>> '{events,0,provider_message_id}');
      end if;
      if v_follow_up then
        perform crm_private.follow_up_message(p_channel_account_id, conversation_id, v_item #>> '{events,0,provider_message_id}');
      end if;
      exit when jsonb_array_length(p_items) = 1;
      v_results := v_results || row(ordinal, conversation_id, contact_id, version, is_new, contact_outcome, events_inserted,
        events_duplicate, null)::crm_private.ingest_result;
    end loop;
    -- Only now: what is undone would stay in the answer.
    if v_results is not null then
      return query select r.* from unnest(v_results) r;
      return;
    elsif v_follow_up is not null then
      return next;
      return;
    end if;
  exception when data_exception or integrity_constraint_violation then
    null;
  end;

  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such channel account.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'channel_account')::text,
      hint = 'Connect it with connect_channel.';
  end if;
  if p_lock_token is not null then
    raise exception using errcode = 'PT409', message = 'The lock is lost.',
      detail = jsonb_build_object('code', 'lock_lost')::text,
      hint = 'Take the lock again and resume from the last committed page.';
  end if;
  perform crm_private.check_batch(p_items);
  if jsonb_array_length(p_items) = 1 then
    begin
      v_result := crm_private.ingest_known_person(v_account, p_items -> 0);
      if v_result.ordinal is not null then
        return query select v_result.*;
        return;
      end if;
      raise exception using errcode = 'data_exception', message = 'not the short way';
    exception when data_exception or integrity_constraint_violation then
      null;
    end;
  end if;
  return query select r.* from crm_private.ingest_isolating(v_account, p_items, clock_timestamp()) r;
end;
$$;
comment on function crm.bulk_upsert_conversations_with_events(uuid, jsonb, uuid) is
  'Ingests up to 500 InboundItems with up to 2,000 events into one channel account, in one transaction. One row per item, in order: ordinal counts from 1; error is null, or {code, path} of the item, or {code, events: [{code, path}]} where only events were bad; what is bad is in dead_letters. PT400 invalid_input, PT404 not_found, PT409 lock_lost.';

-- sql/030_conversations/fn_check_batch.sql
create function crm_private.check_batch(p_items jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if jsonb_typeof(p_items) is distinct from 'array' then
    perform crm_private.reject_input('$', 'Items are a JSON array.');
  end if;
  if jsonb_array_length(p_items) > 500 then
    perform crm_private.reject_input('$', 'A call takes at most 500 items.');
  end if;
  if (
    select sum(jsonb_array_length(i.item -> 'events'))
    from jsonb_array_elements(p_items) i (item)
    where jsonb_typeof(i.item -> 'events') = 'array') > 2000 then
    perform crm_private.reject_input('$', 'A call takes at most 2,000 events.');
  end if;
end;
$$;
comment on function crm_private.check_batch(jsonb) is 'Returns when a call may have these items: PT400 invalid_input for more than 500 items or 2,000 events, or no array.';

-- sql/030_conversations/fn_check_conversation_patch.sql
create function crm_private.check_conversation_patch(p_patch jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_key text;
begin
  if jsonb_typeof(p_patch) is distinct from 'object' or p_patch = '{}' then
    perform crm_private.reject_input('$', 'A patch is a JSON object with at least one key.');
  end if;
  for v_key in select k.key from jsonb_object_keys(p_patch) k (key) where k.key not in ('status', 'tags_add', 'tags_remove', 'unread_count') loop
    perform crm_private.reject_input('$.' || v_key, 'A patch has status, tags_add, tags_remove and unread_count.');
  end loop;
  if p_patch ? 'status' and coalesce(p_patch ->> 'status', '') not in ('open', 'pending', 'closed') then
    perform crm_private.reject_input('$.status', 'A status is open, pending or closed.');
  end if;
  if p_patch ? 'unread_count' and (jsonb_typeof(p_patch -> 'unread_count') <> 'number' or p_patch ->> 'unread_count' !~ '^[0-9]{1,9}$') then
    perform crm_private.reject_input('$.unread_count', 'unread_count is a whole number from 0.');
  end if;
  foreach v_key in array array['tags_add', 'tags_remove'] loop
    if p_patch ? v_key then
      if jsonb_typeof(p_patch -> v_key) <> 'array' then
        perform crm_private.reject_input('$.' || v_key, 'Tags are an array of text.');
      elsif exists (
        select from jsonb_array_elements(p_patch -> v_key) t (tag)
        where jsonb_typeof(t.tag) <> 'string' or length(btrim(t.tag #>> '{}')) not between 1 and 100) then
        perform crm_private.reject_input('$.' || v_key, 'A tag is 1 to 100 characters.');
      end if;
    end if;
  end loop;
end;
$$;
comment on function crm_private.check_conversation_patch(jsonb) is 'Returns when update_conversation can apply the patch; PT400 invalid_input with the path otherwise.';

-- sql/030_conversations/fn_conversation_changes.sql
create function crm_private.conversation_changes(
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[]
)
returns table (
  conversation_id uuid,
  contact_id uuid,
  participant jsonb,
  participant_at timestamptz,
  source_updated_at timestamptz,
  last_message_at timestamptz,
  last_inbound_at timestamptz,
  delivered_watermark timestamptz,
  read_watermark timestamptz,
  unread int,
  newest_unread_at timestamptz
)
language plpgsql
stable
set search_path = ''
rows 10
as $$
#variable_conflict use_column
begin
  return query
  with items as (
    select p_conversation_ids[i.ordinal] as id,
      (array_agg(p_contact_ids[i.ordinal] order by i.ordinal) filter (where p_contact_ids[i.ordinal] is not null))[1] as contact_id,
      (array_agg(i.participant order by i.source_time desc nulls last, i.participant::text collate "C" desc) filter (where i.participant is not null))[1] as participant,
      max(i.source_time) filter (where i.participant is not null) as participant_at,
      max(i.updated_at) as updated_at
    from unnest(p_items) i
    where p_conversation_ids[i.ordinal] is not null
    group by 1
  ), times as (
    -- Copies count too: the greatest of all times is the same in every order.
    select p_conversation_ids[e.ordinal] as id,
      max(e.occurred_at) filter (where e.type = 'message') as last_message_at,
      max(e.occurred_at) filter (where (e.type = 'message' and e.direction = 'inbound' and not e.is_history) or e.type = 'postback') as last_inbound_at,
      max(e.watermark) as delivered_watermark,
      max(e.watermark) filter (where e.type = 'read') as read_watermark
    from unnest(p_events) e
    group by 1
  ), unread as (
    select p_conversation_ids[s.ordinal] as id, count(*)::int as unread, max(s.occurred_at) as newest
    from unnest(p_stored) s
    where s.type = 'message' and s.direction = 'inbound' and not s.is_history
    group by 1
  )
  select i.id, i.contact_id, i.participant, i.participant_at, i.updated_at, t.last_message_at, t.last_inbound_at,
    t.delivered_watermark, t.read_watermark, coalesce(u.unread, 0), u.newest
  from items i
  left join times t on t.id = i.id
  left join unread u on u.id = i.id;
end;
$$;
comment on function crm_private.conversation_changes(crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[]) is
  'What a delivery says about each conversation as a whole; p_stored are those of p_events that were not known before and count as unread when they are live inbound messages.';

-- sql/030_conversations/fn_conversation_metadata.sql
create function crm_private.conversation_metadata(p_contact_id uuid, p_metadata jsonb, p_new_contact_id uuid, p_participant jsonb, p_participant_at timestamptz)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case
    when coalesce(p_contact_id, p_new_contact_id) is not null then p_metadata - 'participant' - 'participant_at'
    when p_participant is null then p_metadata
    when row(coalesce(p_participant_at, '-infinity'), p_participant::text collate "C")
      > row(coalesce((p_metadata ->> 'participant_at')::timestamptz, '-infinity'),
        coalesce(p_metadata ->> 'participant', '') collate "C")
      then p_metadata || jsonb_build_object('participant', p_participant, 'participant_at', p_participant_at)
    else p_metadata
  end;
end;
$$;
comment on function crm_private.conversation_metadata(uuid, jsonb, uuid, jsonb, timestamptz) is
  'The conversation''s metadata after a delivery: without a contact it keeps the newest participant as delivered, with one it keeps none.';

-- sql/030_conversations/fn_enrich_messages.sql
create function crm_private.enrich_messages(p_account crm.channel_accounts, p_copies crm_private.inbound_event[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_copy crm_private.inbound_event;
  v_message crm.messages;
begin
  -- In a statement of its own: what is read below is then as it is under lock. Another conversation may bring the same message.
  perform l.id
  from (select distinct c.provider_message_id as id from unnest(p_copies) c order by 1) i
  cross join lateral (
    select x.id
    from crm.messages x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.provider_message_id = i.id
    for no key update
  ) l;

  for v_copy in
    select c.*
    from unnest(p_copies) c
    where c.provider_message_id in (select r.provider_message_id from crm_private.richer_messages(p_account, p_copies) r)
  loop
    -- Read again: another copy may have enriched the same message a moment ago.
    for v_message in select r.* from crm_private.richer_messages(p_account, array[v_copy]) r loop
      update crm.conversations v set unread_count = v.unread_count + 1,
        status = case when v.status = 'closed' and v_message.sent_at > coalesce(v.status_changed_at, '-infinity') then 'open' else v.status end
      from crm.messages m
      where m.workspace_id = p_account.workspace_id and m.id = v_message.id
        and m.is_history and not v_message.is_history and m.direction = 'inbound'
        and v.workspace_id = m.workspace_id and v.id = m.conversation_id;

      update crm.messages m set
        body = v_message.body,
        attachments = v_message.attachments,
        reply_to = v_message.reply_to,
        sent_at = v_message.sent_at,
        is_history = v_message.is_history,
        payload = v_message.payload,
        status = case
          when m.direction = 'inbound' then null
          when v_message.sent_at <= v.read_watermark then 'read'
          when v_message.sent_at <= v.delivered_watermark and m.status in ('queued', 'sent', 'failed') then 'delivered'
          else m.status
        end
      from crm.conversations v
      where m.workspace_id = p_account.workspace_id and m.id = v_message.id
        and v.workspace_id = m.workspace_id and v.id = m.conversation_id;

      update crm.contact_interaction_events e set occurred_at = v_message.sent_at
      where e.workspace_id = p_account.workspace_id and e.message_id = v_message.id and e.event_type = 'message'
        and e.occurred_at <> v_message.sent_at;
    end loop;
  end loop;
end;
$$;
comment on function crm_private.enrich_messages(crm.channel_accounts, crm_private.inbound_event[]) is
  'Gives stored messages what later copies of them know. One by one: copies that add something are few. The caller has locked the conversations.';

-- sql/030_conversations/fn_event_count.sql
create function crm_private.event_count(p_item jsonb)
returns int
language plpgsql
immutable
set search_path = ''
as $$
begin
  return greatest(case when jsonb_typeof(p_item -> 'events') = 'array' then jsonb_array_length(p_item -> 'events') end, 1);
end;
$$;
comment on function crm_private.event_count(jsonb) is 'How many events an item counts as: those it has, and one when it has none.';

-- sql/030_conversations/fn_follow_up_message.sql
create function crm_private.follow_up_message(p_channel_account_id uuid, p_conversation_id uuid, p_provider_message_id text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
begin
  select a.* into strict v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  perform crm_private.apply_message_effects(v_account, crm_private.attach_waiting_events(v_account, array['message:' || p_provider_message_id]));

  delete from crm.conversation_tags t
  using crm.messages m
  where m.workspace_id = v_account.workspace_id and m.channel_account_id = v_account.id and m.provider_message_id = p_provider_message_id
    and m.direction = 'inbound'
    and t.workspace_id = v_account.workspace_id and t.conversation_id = p_conversation_id and t.set_by = 'ai' and t.set_at < m.sent_at;

  perform crm_private.note_follow_up(v_account, array[p_conversation_id]);
end;
$$;
comment on function crm_private.follow_up_message(uuid, uuid, text) is
  'What follows from a new message besides itself: events that waited for it are tied to it and applied, and the tags that the AI set before an inbound one are removed.';

-- sql/030_conversations/fn_has_unlinked_items.sql
create function crm_private.has_unlinked_items(p_account crm.channel_accounts, p_keys crm_private.item_key[])
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select
    from unnest(p_keys) k
    left join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = k.kind and x.value = k.value
      offset 0
    ) c on true
    left join lateral (
      select v.contact_id from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = c.conversation_id offset 0
    ) v on true
    where v.contact_id is null);
end;
$$;
comment on function crm_private.has_unlinked_items(crm.channel_accounts, crm_private.item_key[]) is
  'True when one of the keys names no conversation yet, or one without a contact.';

-- sql/030_conversations/fn_has_waiting_events.sql
create function crm_private.has_waiting_events(p_channel_account_id uuid, p_provider_message_id text)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  return exists (
    select
    from crm.contact_interaction_events e
    where e.provider_message_id = p_provider_message_id and e.message_id is null
      -- Written so, it offers the planner no other index to scan.
      and e.channel_account_id is not distinct from p_channel_account_id);
end;
$$;
comment on function crm_private.has_waiting_events(uuid, text) is
  'True when an event came before the message it speaks of. Where a person has several ids it may lie in another conversation, whose follow_up the message does not see.';

-- sql/030_conversations/fn_ingest_isolating.sql
create function crm_private.ingest_isolating(p_account crm.channel_accounts, p_items jsonb, p_now timestamptz)
returns setof crm_private.ingest_result
language plpgsql
set search_path = ''
as $$
declare
  v_item jsonb;
  v_ordinal int := 0;
  v_result crm_private.ingest_result;
  v_results crm_private.ingest_result[];
begin
  if jsonb_array_length(p_items) = 0 then
    return;
  end if;
  for v_attempt in 1..5 loop
    begin
      v_results := array(select r from crm_private.ingest_items(p_account, p_items, p_now) r);
      -- Deferred keys are checked here, so that a violation does not surface at commit, where nothing can isolate it.
      set constraints all immediate;
      set constraints all deferred;
      return query select r.* from unnest(v_results) r;
      return;
    exception
      when serialization_failure then
        -- A contact or a conversation was merged away while this waited for it: what is locked is let go, and all is read anew.
        if v_attempt = 5 then
          raise;
        end if;
      when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
        -- Only data errors isolate an item. Anything else (a deadlock, a full disk) aborts the call: it is nobody's fault here.
        exit;
    end;
  end loop;

  for v_item in select i.item from jsonb_array_elements(p_items) i (item) loop
    v_ordinal := v_ordinal + 1;
    begin
      select r.* into v_result from crm_private.ingest_items(p_account, jsonb_build_array(v_item), p_now) r;
      set constraints all immediate;
      set constraints all deferred;
    exception when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
      perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id, 'refused_by_database', '$',
        sqlstate || ': ' || sqlerrm, v_item);
      v_result := null;
      v_result.is_new := false;
      v_result.contact_outcome := 'ignored';
      v_result.events_inserted := 0;
      v_result.events_duplicate := 0;
      v_result.error := jsonb_build_object('code', 'refused_by_database', 'path', '$', 'sqlstate', sqlstate);
    end;
    v_result.ordinal := v_ordinal;
    return next v_result;
  end loop;
end;
$$;
comment on function crm_private.ingest_isolating(crm.channel_accounts, jsonb, timestamptz) is
  'Ingests items so that one the database refuses (SQLSTATE classes 22 and 23, PT400) becomes a dead letter and the others go in: all at once, and one by one only when that fails.';

-- sql/030_conversations/fn_ingest_items.sql
create function crm_private.ingest_items(p_account crm.channel_accounts, p_items jsonb, p_now timestamptz)
returns setof crm_private.ingest_result
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_events crm_private.inbound_event[];
  v_items crm_private.inbound_item[];
  v_identities crm_private.item_identity[];
  v_keys crm_private.item_key[];
  v_will_link boolean;
  v_contact_ids uuid[];
  v_outcomes text[];
  v_conversation_ids uuid[];
  v_are_new boolean[];
  v_usable crm_private.inbound_event[];
  v_stored crm_private.inbound_event[];
begin
  -- Parse and set aside what is malformed.
  v_events := crm_private.parse_events(p_items, p_now);
  v_items := crm_private.parse_items(p_account, p_items, v_events);
  v_identities := crm_private.item_identities(p_account, v_items);
  v_keys := crm_private.item_keys(p_account, v_items, v_identities);
  v_items := crm_private.reject_unnamed_items(v_items, v_keys);
  v_identities := array(
    select d from unnest(v_identities) d where (v_items[d.ordinal]).problem is null order by d.kind, d.scope, d.value, d.ordinal);

  v_will_link := crm_private.has_unlinked_items(p_account, v_keys);
  -- Identities, contacts, conversations, keys, messages: always locked in this order.
  select c.contact_ids, c.outcomes into v_contact_ids, v_outcomes
  from crm_private.resolve_contacts(p_account.workspace_id, 'chat_embedded', v_items, v_identities, v_will_link, p_now) c;
  select c.conversation_ids, c.are_new into v_conversation_ids, v_are_new
  from crm_private.resolve_conversations(p_account, v_items, v_keys, v_will_link) c;

  v_usable := v_events;
  if array_position(v_conversation_ids, null) is not null or exists (select from unnest(v_events) e where e.problem is not null) then
    v_usable := array(select e from unnest(v_events) e where e.problem is null and v_conversation_ids[e.ordinal] is not null);
  end if;
  v_stored := crm_private.store_events(p_account, v_items, v_usable, v_contact_ids, v_conversation_ids, v_are_new);

  perform crm_private.keep_rejected(p_account, p_items, v_items, v_events);

  return query
  select i.ordinal, v.id, v.contact_id, v.version, v_are_new[i.ordinal], v_outcomes[i.ordinal],
    coalesce(s.inserted, 0), coalesce(e.valid, 0) - coalesce(s.inserted, 0),
    case
      when i.problem is not null then jsonb_build_object('code', i.problem, 'path', i.problem_path)
      when e.problems is not null then jsonb_build_object('code', 'invalid_event', 'events', e.problems)
    end
  from unnest(v_items) i
  left join (
    select e.ordinal, count(*) filter (where e.problem is null)::int as valid,
      jsonb_agg(jsonb_build_object('code', e.problem, 'path', e.problem_path) order by e.index) filter (where e.problem is not null) as problems
    from unnest(v_events) e
    group by e.ordinal
  ) e on e.ordinal = i.ordinal and i.problem is null
  left join (select s.ordinal, count(*)::int as inserted from unnest(v_stored) s group by s.ordinal) s on s.ordinal = i.ordinal
  left join lateral (
    select x.id, x.contact_id, x.version
    from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = v_conversation_ids[i.ordinal]
    offset 0
  ) v on true
  order by i.ordinal;
end;
$$;
comment on function crm_private.ingest_items(crm.channel_accounts, jsonb, timestamptz) is
  'Ingests items into one channel account in one go and returns a row per item, in order. What is malformed is kept as a dead letter; a data error that only the tables find aborts the call, and the caller isolates the item. p_now is what times in the future are measured against.';

-- sql/030_conversations/fn_ingest_known_person.sql
create function crm_private.ingest_known_person(p_account crm.channel_accounts, p_item jsonb)
returns crm_private.ingest_result
language plpgsql
set search_path = ''
as $$
declare
  v_known record;
  v_result crm_private.ingest_result;
  v_follow_up boolean;
begin
  -- Whatever is unusual is left to the general way: a person known by other keys, a value that differs, a field without a source.
  with item as materialized (
    select i.event, i.participant, i.event ->> 'direction' as direction, i.event ->> 'provider_message_id' as message_id,
      crm_private.event_time(i.event ->> 'occurred_at') as occurred_at,
      p_account.channel || ':' || p_account.external_id || ':message:' || (i.event ->> 'provider_message_id') as delivery
    from (select p_item #> '{events,0}' as event, p_item -> 'participant' as participant offset 0) i
    where p_item - '{participant,events}'::text[] = '{}'
      and jsonb_array_length(p_item -> 'events') = 1
      and i.event - '{provider_message_id,occurred_at,direction,text,attachments,reply_to,payload}'::text[] = '{"type": "message"}'
      and jsonb_typeof(coalesce(i.event -> 'text', '""')) = 'string'
      and i.participant - '{identities,full_name,custom_attributes}'::text[] = '{}'
      and jsonb_typeof(coalesce(i.participant -> 'full_name', '""')) = 'string'
      and jsonb_typeof(coalesce(i.participant -> 'custom_attributes', '{}')) = 'object'
  ), keys as (
    select count(*) as given, count(k.conversation_id) as found, count(distinct k.conversation_id) as conversations,
      min(k.conversation_id::text)::uuid as conversation_id
    from item i
    cross join lateral jsonb_array_elements(i.participant -> 'identities') d (identity)
    left join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and jsonb_typeof(d.identity -> 'value') = 'string'
        and x.kind = 'participant' and x.value = (d.identity ->> 'kind') || ':' || (d.identity ->> 'value')
      offset 0
    ) k on true
  )
  select i.*, v.id, v.contact_id, v.read_watermark, v.delivered_watermark, c.needs_full_sync, f.clocks
  into v_known
  from item i
  cross join keys k
  cross join lateral (
    select o.contact_id from crm.conversations o where o.workspace_id = p_account.workspace_id and o.id = k.conversation_id offset 0
  ) o
  cross join lateral (
    select c.id, c.needs_full_sync, c.full_name, c.custom_attributes, c.field_sources
    from crm.contacts c
    where c.workspace_id = p_account.workspace_id and c.id = o.contact_id and c.merged_into_id is null
    for no key update
  ) c
  cross join lateral (
    select x.id, x.contact_id, x.read_watermark, x.delivered_watermark
    from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = k.conversation_id and x.contact_id = c.id
    for no key update
  ) v
  cross join lateral (
    select count(*) filter (where c.field_sources -> n.field is null) as unknown,
      coalesce(jsonb_object_agg(n.field, jsonb_build_object('source', 'chat_embedded', 'at', i.occurred_at, 'delivery', i.delivery)) filter (
        where c.field_sources -> n.field ->> 'source' = 'chat_embedded'
          and row(i.occurred_at, i.delivery collate "C")
            > row(coalesce((c.field_sources -> n.field ->> 'at')::timestamptz, '-infinity'), c.field_sources -> n.field ->> 'delivery' collate "C")),
        '{}') as clocks
    from (
      select 'full_name' as field where i.participant ? 'full_name'
      union all
      select 'custom_attributes.' || a.key from jsonb_object_keys(coalesce(i.participant -> 'custom_attributes', '{}')) a (key)
    ) n
  ) f
  where k.given = k.found and k.conversations = 1
    and i.occurred_at between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours'
    and (not i.participant ? 'full_name' or c.full_name = i.participant ->> 'full_name')
    and not exists (
      select from jsonb_each(coalesce(i.participant -> 'custom_attributes', '{}')) a
      where c.custom_attributes -> a.key is distinct from a.value)
    and k.given = (
      select count(*)
      from jsonb_array_elements(i.participant -> 'identities') d (identity)
      cross join lateral (
        select x.contact_id
        from crm.contact_identities x
        where x.workspace_id = p_account.workspace_id and x.kind = d.identity ->> 'kind' and x.value = d.identity ->> 'value'
          and x.scope = case d.identity ->> 'kind'
            when 'psid' then coalesce(d.identity ->> 'scope', p_account.external_id)
            when 'bsuid' then coalesce(p_account.settings ->> 'business_id', d.identity ->> 'scope', p_account.external_id)
            else ''
          end
        offset 0
      ) x
      where x.contact_id = c.id)
    and f.unknown = 0;
  if not found then
    return null;
  end if;

  with message as (
    insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body, attachments,
      reply_to, status, sent_at, payload)
    values (p_account.workspace_id, p_account.id, v_known.id, v_known.message_id, v_known.direction, nullif(v_known.event ->> 'text', ''),
      coalesce(v_known.event -> 'attachments', '[]'), v_known.event ->> 'reply_to',
      case
        when v_known.direction = 'inbound' then null
        when v_known.occurred_at <= v_known.read_watermark then 'read'
        when v_known.occurred_at <= v_known.delivered_watermark then 'delivered'
        else 'sent'
      end,
      v_known.occurred_at, coalesce(v_known.event -> 'payload', '{}'))
    on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
    returning id
  ), event as (
    insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
      provider_message_id, event_type, event_key, occurred_at)
    select p_account.workspace_id, p_account.id, v_known.id, v_known.contact_id, m.id, v_known.message_id, 'message',
      'message:' || v_known.message_id, v_known.occurred_at
    from message m
  ), contact as (
    update crm.contacts c set field_sources = c.field_sources || v_known.clocks, last_sync_at = clock_timestamp()
    from message m
    where v_known.clocks <> '{}' and c.workspace_id = p_account.workspace_id and c.id = v_known.contact_id
  )
  update crm.conversations v set
    status = case when v_known.direction = 'inbound' and v.status = 'closed' and v_known.occurred_at > coalesce(v.status_changed_at, '-infinity')
      then 'open' else v.status end,
    unread_count = v.unread_count + (v_known.direction = 'inbound')::int,
    last_message_at = greatest(v.last_message_at, v_known.occurred_at),
    last_inbound_at = case when v_known.direction = 'inbound' then greatest(v.last_inbound_at, v_known.occurred_at) else v.last_inbound_at end
  from message m
  where v.workspace_id = p_account.workspace_id and v.id = v_known.id
  returning 1, v.id, v.contact_id, v.version, false, case when v_known.needs_full_sync then 'unchanged' else 'linked' end, 1, 0, v.follow_up
  into v_result.ordinal, v_result.conversation_id, v_result.contact_id, v_result.version, v_result.is_new, v_result.contact_outcome,
    v_result.events_inserted, v_result.events_duplicate, v_follow_up;

  if v_result.ordinal is not null and (v_follow_up or crm_private.has_waiting_events(p_account.id, v_known.message_id)) then
    perform crm_private.follow_up_message(p_account.id, v_known.id, v_known.message_id);
  end if;
  return v_result;
end;
$$;
comment on function crm_private.ingest_known_person(crm.channel_accounts, jsonb) is
  'The short way for a message that names its participant: every key it gives is known and of one conversation, and every field it brings is as the contact has it. Stores the message and lets the fields'' times follow; a null ordinal, with nothing written, when it is anything else, a duplicate included.';

-- sql/030_conversations/fn_ingest_webhook.sql
create function crm.ingest_webhook(p_channel text, p_account_external_id text, p_items jsonb, p_rejected jsonb default '[]')
returns table (received int, duplicates int, failed int, items jsonb)
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
  v_count int;
  v_rejected_count int;
begin
  select a.* into v_account
  from crm.channel_accounts a
  where a.channel = p_channel and a.external_id = p_account_external_id and a.is_active;

  -- What arrives most: one item, one event, nothing rejected.
  if v_account.id is not null and p_rejected = '[]' and jsonb_typeof(p_items) is not distinct from 'array'
    and jsonb_typeof(p_items #> '{0,events}') is not distinct from 'array'
    and jsonb_array_length(p_items) = 1 and jsonb_array_length(p_items #> '{0,events}') = 1 then
    select 1, coalesce(r.events_duplicate, 0), (r.error is not null)::int
    into received, duplicates, failed
    from crm.bulk_upsert_conversations_with_events(v_account.id, p_items) r;
    items := jsonb_build_array(jsonb_build_array(received, duplicates, failed));
    return next;
    return;
  end if;

  if p_channel is null or p_channel not in ('messenger', 'whatsapp', 'b2chat') then
    perform crm_private.reject_input('p_channel', 'The channel is messenger, whatsapp or b2chat.');
  end if;
  perform crm_private.check_batch(p_items);
  if jsonb_typeof(p_rejected) is distinct from 'array' then
    perform crm_private.reject_input('p_rejected', 'The rejected items are a JSON array.');
  end if;
  v_rejected_count := jsonb_array_length(p_rejected);
  if v_account.id is null then
    select a.* into v_account
    from crm.channel_accounts a
    where a.channel = p_channel and a.external_id = p_account_external_id;
  end if;

  perform crm_private.keep_dead_letter(v_account, p_channel, coalesce(p_account_external_id, ''),
    coalesce(r.value ->> 'reason', 'rejected'), r.value ->> 'path', null, coalesce(r.value -> 'item', r.value))
  from jsonb_array_elements(p_rejected) r;

  -- An item counts as its events, and as one delivery when it has none.
  select coalesce(sum(crm_private.event_count(i.item)), 0) into v_count from jsonb_array_elements(p_items) i (item);
  received := v_count + v_rejected_count;

  if v_account.id is null or not v_account.is_active then
    perform crm_private.keep_dead_letter(v_account, p_channel, coalesce(p_account_external_id, ''),
      case when v_account.id is null then 'unknown_account' else 'inactive_account' end, '$', null, i.item)
    from jsonb_array_elements(p_items) i (item);
    duplicates := 0;
    failed := received;
    items := (
      select coalesce(jsonb_agg(jsonb_build_array(n.count, 0, n.count) order by i.place), '[]')
      from jsonb_array_elements(p_items) with ordinality i (item, place), crm_private.event_count(i.item) n (count)
    );
    return next;
    return;
  end if;

  select coalesce(sum(r.duplicates), 0)::int, coalesce(sum(r.failed), 0)::int + v_rejected_count,
    coalesce(jsonb_agg(jsonb_build_array(r.received, r.duplicates, r.failed) order by r.ordinal), '[]')
  into duplicates, failed, items
  from (
    select r.ordinal, n.count as received, r.events_duplicate as duplicates,
      case
        when r.error is null then 0
        when r.error ? 'events' then jsonb_array_length(r.error -> 'events')
        else n.count
      end as failed
    from crm.bulk_upsert_conversations_with_events(v_account.id, p_items) r,
      crm_private.event_count(p_items -> (r.ordinal - 1)) n (count)
  ) r;
  return next;
end;
$$;
comment on function crm.ingest_webhook(text, text, jsonb, jsonb) is
  'Ingests what a webhook brought for one provider account, and keeps what the translation rejected ([{reason, path, item}]) as dead letters; an account that is not connected or not active dead-letters everything. Counts events (an item without events counts as one): received, of those duplicates (known before) and failed (in dead_letters); items holds the same three figures of each item, [[received, duplicates, failed], …], in the order given. PT400 invalid_input.';

-- sql/030_conversations/fn_insert_conversations.sql
create function crm_private.insert_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_are_new boolean[]
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.conversations (workspace_id, id, channel_account_id, contact_id, unread_count, last_message_at, last_inbound_at,
    delivered_watermark, read_watermark, source_updated_at, metadata)
  select p_account.workspace_id, c.conversation_id, p_account.id, c.contact_id, c.unread, c.last_message_at, c.last_inbound_at,
    c.delivered_watermark, c.read_watermark, c.source_updated_at,
    case when c.contact_id is null and c.participant is not null
      then jsonb_build_object('participant', c.participant, 'participant_at', c.participant_at) else '{}' end
  from crm_private.conversation_changes(p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
  join (
    select p_conversation_ids[n.ordinal] as id
    from unnest(p_are_new) with ordinality n (is_new, ordinal)
    where n.is_new
  ) n on n.id = c.conversation_id
  order by c.conversation_id;
end;
$$;
comment on function crm_private.insert_conversations(crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[], boolean[]) is
  'Gives the conversations that this transaction claimed their rows, with everything the delivery says of them. Without a contact, the participant is kept as delivered.';

-- sql/030_conversations/fn_insert_events.sql
create function crm_private.insert_events(
  p_account crm.channel_accounts,
  p_events crm_private.inbound_event[],
  p_conversation_ids uuid[],
  p_conversations crm.conversations[]
)
returns table (event_key text, message_id uuid, conversation_id uuid, provider_message_id text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
    provider_message_id, event_type, event_key, occurred_at, payload)
  select p_account.workspace_id, p_account.id, v.id, v.contact_id, m.id, e.provider_message_id, e.type, e.key, e.occurred_at,
    -- What was taken back stays taken back, whatever comes late.
    case when m.unsent_at is not null and e.type = 'edit' then '{}' else e.payload end
  from unnest(p_events) e
  join unnest(p_conversations) v on v.id = p_conversation_ids[e.ordinal]
  left join lateral (
    select x.id, x.unsent_at
    from crm.messages x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.provider_message_id = e.provider_message_id
    offset 0
  ) m on true
  where e.type <> 'message'
  order by e.key collate "C"
  on conflict (workspace_id, channel_account_id, event_key) do nothing
  returning event_key, message_id, conversation_id, provider_message_id;
end;
$$;
comment on function crm_private.insert_events(crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]) is
  'Stores the events that are not messages and are new, tied to the message they speak of where it is there already; returns what was stored. The conversations are locked, so a message of theirs that comes meanwhile waits and finds them; one that comes through another conversation of the person is found when the two merge.';

-- sql/030_conversations/fn_insert_messages.sql
create function crm_private.insert_messages(
  p_account crm.channel_accounts,
  p_events crm_private.inbound_event[],
  p_conversation_ids uuid[],
  p_conversations crm.conversations[]
)
returns setof text
language plpgsql
set search_path = ''
as $$
begin
  return query
  with incoming as (
    select e.*, v.id as conversation_id, v.contact_id,
      case
        when e.direction = 'inbound' then null
        when e.occurred_at <= v.read_watermark then 'read'
        when e.occurred_at <= v.delivered_watermark then 'delivered'
        else 'sent'
      end as first_status
    from unnest(p_events) e
    join unnest(p_conversations) v on v.id = p_conversation_ids[e.ordinal]
    where e.type = 'message'
  ), inserted as (
    insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body, attachments,
      reply_to, status, sent_at, is_history, payload)
    select p_account.workspace_id, p_account.id, n.conversation_id, n.provider_message_id, n.direction, n.body, n.attachments,
      n.reply_to, n.first_status, n.occurred_at, n.is_history, n.payload
    from incoming n
    order by n.key collate "C"
    on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
    returning id, conversation_id, provider_message_id, sent_at
  )
  insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id, message_id,
    provider_message_id, event_type, event_key, occurred_at)
  select p_account.workspace_id, p_account.id, m.conversation_id, v.contact_id, m.id, m.provider_message_id, 'message',
    'message:' || m.provider_message_id, m.sent_at
  from inserted m
  join unnest(p_conversations) v on v.id = m.conversation_id
  returning event_key;
end;
$$;
comment on function crm_private.insert_messages(crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]) is
  'Stores the messages that are new, each with its interaction event, in one statement; returns their event keys. p_conversations are the rows as they are under lock: a late echo takes its status from their watermarks.';

-- sql/030_conversations/fn_item_conversations.sql
create function crm_private.item_conversations(p_account crm.channel_accounts, p_keys crm_private.item_key[])
returns crm_private.item_conversation[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(row(o.ordinal, o.conversation_id)::crm_private.item_conversation order by o.ordinal, o.conversation_id), '{}')
    from (
      select distinct k.ordinal, c.conversation_id
      from unnest(p_keys) k
      cross join lateral (
        select x.conversation_id
        from crm.conversation_keys x
        where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = k.kind and x.value = k.value
        offset 0
      ) c
    ) o
  );
end;
$$;
comment on function crm_private.item_conversations(crm.channel_accounts, crm_private.item_key[]) is
  'Which conversations the keys of each item point at. A conversation claimed by this transaction may have no row yet.';

-- sql/030_conversations/fn_item_keys.sql
create function crm_private.item_keys(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_identities crm_private.item_identity[]
)
returns crm_private.item_key[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(row(k.ordinal, k.kind, k.value)::crm_private.item_key order by k.kind, k.value collate "C", k.ordinal), '{}')
    from (
      select i.ordinal, 'thread' as kind, i.thread_id as value
      from unnest(p_items) i
      where i.problem is null and i.thread_id is not null
      union all
      select d.ordinal, 'participant', d.kind || ':' || d.value
      from unnest(p_identities) d
      where d.kind = any (case p_account.channel when 'messenger' then array['psid'] when 'whatsapp' then array['wa_id', 'bsuid'] end)
    ) k
  );
end;
$$;
comment on function crm_private.item_keys(crm.channel_accounts, crm_private.inbound_item[], crm_private.item_identity[]) is
  'What names the conversation of each item: its thread id, and on Messenger and WhatsApp the participant''s ids on that channel. Sorted, so that whoever claims them claims in one order.';

-- sql/030_conversations/fn_join_copy.sql
create function crm_private.join_copy(
  p_message crm.messages,
  p_body text,
  p_attachments jsonb,
  p_reply_to text,
  p_sent_at timestamptz,
  p_is_history boolean,
  p_payload jsonb
)
returns crm.messages
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- Of two copies the longer one is the richer, and of two equally long ones the greater: an order, so arrival does not matter.
  -- An edit outranks every copy, and what was taken back stays away.
  if p_message.unsent_at is null then
    if p_message.edit_count = 0 and p_body is not null
      and (p_message.body is null
        or row(length(p_body), p_body collate "C") > row(length(p_message.body), p_message.body collate "C")) then
      p_message.body := p_body;
    end if;
    if row(jsonb_array_length(p_attachments), p_attachments::text collate "C")
      > row(jsonb_array_length(p_message.attachments), p_message.attachments::text collate "C") then
      p_message.attachments := p_attachments;
    end if;
    p_message.payload := crm_private.join_payloads(p_message.payload, p_payload);
  end if;
  p_message.reply_to := greatest(p_message.reply_to collate "C", p_reply_to collate "C");
  p_message.sent_at := least(p_message.sent_at, p_sent_at);
  p_message.is_history := p_message.is_history and p_is_history;
  return p_message;
end;
$$;
comment on function crm_private.join_copy(crm.messages, text, jsonb, text, timestamptz, boolean, jsonb) is
  'The message with what another copy of it knows: the richer text and attachments, the earlier time, all of the payload. Joining in any order, and again, gives the same row.';

-- sql/030_conversations/fn_join_payloads.sql
create function crm_private.join_payloads(p_one jsonb, p_other jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(k.key, k.value), '{}')
    from (
      select distinct on (e.key) e.key, e.value
      from (select * from jsonb_each(p_one) union all select * from jsonb_each(p_other)) e
      order by e.key, e.value::text collate "C" desc
    ) k
  );
end;
$$;
comment on function crm_private.join_payloads(jsonb, jsonb) is
  'The keys of both objects; where both have one, the greater value. The same whichever comes first, and joining again changes nothing.';

-- sql/030_conversations/fn_lock_conversations.sql
create function crm_private.lock_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_richer uuid[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_are_new boolean[]
)
returns crm.conversations[]
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid[];
  v_locked crm.conversations[];
begin
  select array_agg(v.id) into v_ids
  from crm_private.conversation_changes(p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
  cross join lateral (
    select x.* from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = c.conversation_id offset 0
  ) v
  left join (select distinct n.id from unnest(p_conversation_ids, p_are_new) n (id, is_new) where n.is_new) n on n.id = v.id
  left join (select distinct p_conversation_ids[s.ordinal] as id from unnest(p_stored) s) s on s.id = v.id
  left join unnest(p_richer) r (id) on r.id = v.id
  where n.id is null
    and (s.id is not null
      or r.id is not null
      or (v.contact_id is null and c.contact_id is not null)
      or c.last_message_at > coalesce(v.last_message_at, '-infinity')
      or c.last_inbound_at > coalesce(v.last_inbound_at, '-infinity')
      or c.delivered_watermark > coalesce(v.delivered_watermark, '-infinity')
      or c.read_watermark > coalesce(v.read_watermark, '-infinity')
      or c.source_updated_at > coalesce(v.source_updated_at, '-infinity')
      or v.metadata <> crm_private.conversation_metadata(v.contact_id, v.metadata, c.contact_id, c.participant, c.participant_at));

  if v_ids is null then
    return null;
  end if;
  select array_agg(l.conversation order by (l.conversation).id) into v_locked
  from (select i.id from unnest(v_ids) i (id) order by i.id) i
  cross join lateral (
    select x as conversation from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id
    for no key update
  ) l;
  return v_locked;
end;
$$;
comment on function crm_private.lock_conversations(crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[], uuid[], boolean[]) is
  'Locks the conversations that were there before and that this delivery changes (p_richer: those with a message that a copy adds to), in id order; returns their rows under lock, null when there is none.';

-- sql/030_conversations/fn_lock_known_conversations.sql
create function crm_private.lock_known_conversations(p_channel_account_id uuid, p_items jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid[];
begin
  if jsonb_array_length(p_items) > 20 or p_items @? '$[*] ? (@.events.size() != 1 || @.events[0].type != "message" || @.participant.identities.size() != 1)' then
    return false;
  end if;
  select array_agg(k.conversation_id order by k.conversation_id) into v_ids
  from crm.channel_accounts a
  cross join jsonb_array_elements(p_items) i (item)
  cross join lateral (
    select x.conversation_id
    from crm.conversation_keys x
    where x.workspace_id = a.workspace_id and x.channel_account_id = a.id and x.kind = 'participant'
      and x.value = (i.item #>> '{participant,identities,0,kind}') || ':' || (i.item #>> '{participant,identities,0,value}')
    offset 0
  ) k
  where a.id = p_channel_account_id;
  if cardinality(v_ids) is distinct from jsonb_array_length(p_items) then
    return false;
  end if;
  perform
  from unnest(v_ids) with ordinality i (id, place)
  cross join crm.channel_accounts a
  cross join lateral (
    select from crm.conversations x where x.workspace_id = a.workspace_id and x.id = i.id
    for no key update
  ) l
  where a.id = p_channel_account_id;
  return true;
end;
$$;
comment on function crm_private.lock_known_conversations(uuid, jsonb) is
  'Locks, in id order, the conversations of up to 20 items of one message and one identity each. False, and nothing locked, when there are more items, when one has more in it, or when one''s conversation is not known.';

-- sql/030_conversations/fn_merge_conversation_rows.sql
create function crm_private.merge_conversation_rows(p_account crm.channel_accounts, p_survivor_id uuid, p_duplicate_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.conversations;
  v_duplicate crm.conversations;
begin
  select v.* into strict v_duplicate
  from crm.conversations v
  where v.workspace_id = p_account.workspace_id and v.id = p_duplicate_id;

  update crm.messages m set conversation_id = p_survivor_id
  where m.conversation_id = p_duplicate_id;

  update crm.contact_interaction_events e set conversation_id = p_survivor_id
  where e.conversation_id = p_duplicate_id;

  update crm.conversation_keys k set conversation_id = p_survivor_id
  where k.conversation_id = p_duplicate_id;

  insert into crm.conversation_tags as s (workspace_id, conversation_id, tag, set_by, set_at)
  select t.workspace_id, p_survivor_id, t.tag, t.set_by, t.set_at
  from crm.conversation_tags t
  where t.workspace_id = p_account.workspace_id and t.conversation_id = p_duplicate_id
  on conflict (workspace_id, conversation_id, tag) do update set set_by = excluded.set_by, set_at = excluded.set_at
  where s.set_by = 'ai' and (excluded.set_by = 'human' or excluded.set_at > s.set_at);

  update crm.conversations v set
    contact_id = coalesce(v.contact_id, v_duplicate.contact_id),
    -- The later decision counts, unless somebody wrote after it.
    status = case
      when greatest(v.last_inbound_at, v_duplicate.last_inbound_at)
        > coalesce(greatest(v.status_changed_at, v_duplicate.status_changed_at), '-infinity') and 'closed' in (v.status, v_duplicate.status) then 'open'
      when coalesce(v_duplicate.status_changed_at, '-infinity') > coalesce(v.status_changed_at, '-infinity') then v_duplicate.status
      else v.status
    end,
    status_changed_at = greatest(v.status_changed_at, v_duplicate.status_changed_at),
    unread_count = v.unread_count + v_duplicate.unread_count,
    last_message_at = greatest(v.last_message_at, v_duplicate.last_message_at),
    last_inbound_at = greatest(v.last_inbound_at, v_duplicate.last_inbound_at),
    delivered_watermark = greatest(v.delivered_watermark, v_duplicate.delivered_watermark),
    read_watermark = greatest(v.read_watermark, v_duplicate.read_watermark),
    source_updated_at = greatest(v.source_updated_at, v_duplicate.source_updated_at),
    follow_up = v.follow_up or v_duplicate.follow_up,
    metadata = crm_private.conversation_metadata(v.contact_id, v_duplicate.metadata || v.metadata, v_duplicate.contact_id,
      v_duplicate.metadata -> 'participant', (v_duplicate.metadata ->> 'participant_at')::timestamptz)
  where v.workspace_id = p_account.workspace_id and v.id = p_survivor_id;

  delete from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = p_duplicate_id;

  select v.* into strict v_survivor
  from crm.conversations v
  where v.workspace_id = p_account.workspace_id and v.id = p_survivor_id;

  update crm.contact_interaction_events e set contact_id = v_survivor.contact_id
  where e.conversation_id = p_survivor_id and e.contact_id is distinct from v_survivor.contact_id;

  -- An event on one side may have waited for a message on the other.
  perform crm_private.apply_message_effects(p_account, crm_private.attach_waiting_events(p_account, array(
    select 'message:' || e.provider_message_id
    from crm.contact_interaction_events e
    where e.conversation_id = p_survivor_id and e.message_id is null and e.provider_message_id is not null)));

  -- A message of one side answers the tags that the AI set before it on the other.
  delete from crm.conversation_tags t
  where t.workspace_id = p_account.workspace_id and t.conversation_id = p_survivor_id and t.set_by = 'ai'
    and t.set_at < (select max(m.sent_at) from crm.messages m where m.conversation_id = p_survivor_id and m.direction = 'inbound');
  perform crm_private.note_follow_up(p_account, array[p_survivor_id]);

  v_survivor.delivered_watermark := null;
  v_survivor.read_watermark := null;
  perform crm_private.apply_watermarks(p_account, array[v_survivor]);
end;
$$;
comment on function crm_private.merge_conversation_rows(crm.channel_accounts, uuid, uuid) is
  'Moves messages, events, keys and tags of the duplicate to the survivor, joins the two rows and deletes the duplicate''s. The caller has locked both.';

-- sql/030_conversations/fn_note_follow_up.sql
create function crm_private.note_follow_up(p_account crm.channel_accounts, p_conversation_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.conversations v set follow_up = not v.follow_up
  where v.workspace_id = p_account.workspace_id and v.id = any (p_conversation_ids)
    and v.follow_up <> (
      exists (
        select from crm.contact_interaction_events e
        where e.conversation_id = v.id
          and e.message_id is null and e.provider_message_id is not null)
      or exists (
        select from crm.conversation_tags t
        where t.workspace_id = v.workspace_id and t.conversation_id = v.id and t.set_by = 'ai'));
end;
$$;
comment on function crm_private.note_follow_up(crm.channel_accounts, uuid[]) is
  'Brings follow_up of the conversations to what their events and tags say. The caller has locked them.';

-- sql/030_conversations/fn_parse_events.sql
create function crm_private.parse_events(p_items jsonb, p_now timestamptz)
returns crm_private.inbound_event[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    -- The offsets are there so that each expression is computed once and not once per reference.
    with field as (
      select i.ordinal::int as ordinal, (e.index - 1)::int as index, e.event, e.event ->> 'type' as type,
        e.event ->> 'provider_message_id' as provider_message_id, e.event ->> 'occurred_at' as occurred_at,
        e.event ->> 'direction' as direction, e.event -> 'text' as text, e.event -> 'attachments' as attachments,
        e.event ->> 'reply_to' as reply_to, e.event ->> 'status' as status, e.event -> 'error' as error,
        e.event -> 'is_history' as is_history, e.event -> 'payload' as payload
      from jsonb_array_elements(p_items) with ordinality i (item, ordinal)
      cross join lateral jsonb_array_elements(
        case when jsonb_typeof(i.item -> 'events') = 'array' then i.item -> 'events' else '[]' end) with ordinality e (event, index)
      offset 0
    ), read as (
      select r.*,
        jsonb_typeof(r.event) = 'object' as is_object,
        case
          -- What arrives most, without a call: milliseconds, and the days that every month has.
          when r.occurred_at ~ '^[1-9][0-9]{10,13}$' then to_timestamp(r.occurred_at::float8 / 1000)
          when r.occurred_at ~ '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]0[0-9]:?[0-5][0-9])$'
            then r.occurred_at::timestamptz
          when r.occurred_at is not null then crm_private.event_time(r.occurred_at)
          when r.type in ('read', 'delivery') then crm_private.event_time(r.payload ->> 'watermark')
        end as at,
        case when r.type in ('read', 'delivery') then crm_private.event_time(r.payload ->> 'watermark') end as watermark
      from field r
      offset 0
    ), checked as (
      select r.*,
        case
          when not r.is_object then ''
          when r.type is distinct from 'message' and coalesce(r.type, '') !~ '^[a-z][a-z0-9_]{0,39}$' then '.type'
          when r.at is null or r.at < '2004-01-01 00:00:00+00' or r.at > p_now + interval '24 hours' then '.occurred_at'
          when r.provider_message_id = '' or length(r.provider_message_id) > 512
            or (r.provider_message_id is null and r.type in ('message', 'status', 'edit', 'unsend')) then '.provider_message_id'
          when jsonb_typeof(r.payload) not in ('object', 'null') then '.payload'
          when r.type = 'message' then
            case
              when coalesce(r.direction, '') not in ('inbound', 'outbound') then '.direction'
              when jsonb_typeof(r.text) not in ('string', 'null') then '.text'
              when jsonb_typeof(r.attachments) not in ('array', 'null') then '.attachments'
              when jsonb_typeof(r.is_history) not in ('boolean', 'null') then '.is_history'
            end
          when r.type = 'status' then
            case when coalesce(r.status, '') not in ('sent', 'delivered', 'read', 'failed') then '.status' end
          when r.type in ('read', 'delivery') then
            case when r.watermark is null then '.payload.watermark' end
          when r.type = 'edit' then
            case
              when jsonb_typeof(r.payload -> 'text') is distinct from 'string' then '.payload.text'
              when r.payload ? 'num_edit' and coalesce(r.payload ->> 'num_edit', '') !~ '^[0-9]{1,18}$' then '.payload.num_edit'
            end
        end as problem_path,
        case
          when r.type = 'status' and jsonb_typeof(r.error) = 'object'
            then coalesce(nullif(r.payload, 'null'), '{}') || jsonb_build_object('error', r.error)
          when r.payload is null or r.payload = 'null' then '{}'
          else r.payload
        end as kept
      from read r
      offset 0
    )
    select coalesce(array_agg(row(
        s.ordinal, s.index, s.type,
        case
          when s.problem_path is not null then null
          when s.type = 'message' then 'message:' || s.provider_message_id
          when s.type = 'status' then 'status:' || s.provider_message_id || ':' || s.status
          when s.type = 'edit' then 'edit:' || s.provider_message_id || ':' || coalesce(s.payload ->> 'num_edit', crm_private.epoch_ms(s.at)::text)
          else s.type || ':' || coalesce(s.provider_message_id, '') || ':' || crm_private.epoch_ms(s.at) || ':'
            || encode(sha256(convert_to(s.kept::text, 'UTF8')), 'hex')
        end,
        s.provider_message_id, s.at, s.direction, nullif(s.text #>> '{}', ''),
        case when s.attachments is null or s.attachments = 'null' then '[]' else s.attachments end,
        s.reply_to, s.status,
        case when s.type = 'edit' and s.problem_path is null then coalesce((s.payload ->> 'num_edit')::bigint, crm_private.epoch_ms(s.at)) end,
        s.watermark,
        coalesce(s.is_history = 'true', false),
        s.kept,
        case
          when s.problem_path is null then null
          when s.problem_path = '.occurred_at' and s.at < '2004-01-01 00:00:00+00' then 'time_before_2004'
          when s.problem_path = '.occurred_at' and s.at is not null then 'time_in_future'
          else 'invalid_event'
        end,
        case when s.problem_path is not null then '$.events[' || s.index || ']' || s.problem_path end
      )::crm_private.inbound_event), '{}')
    from checked s
  );
end;
$$;
comment on function crm_private.parse_events(jsonb, timestamptz) is
  'The events of all items as rows, in order, each with its key, or with what is wrong with it: a time before 2004 or more than 24 hours after p_now, a missing message id, a wrong type.';

-- sql/030_conversations/fn_parse_items.sql
create function crm_private.parse_items(p_account crm.channel_accounts, p_items jsonb, p_events crm_private.inbound_event[])
returns crm_private.inbound_item[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with newest as (
      select e.ordinal, max(e.occurred_at) as occurred_at, min(e.key collate "C") as key
      from unnest(p_events) e
      where e.problem is null
      group by e.ordinal
    ), read as materialized (
      select
        i.ordinal::int as ordinal,
        i.item,
        case when jsonb_typeof(i.item -> 'thread_id') = 'string' then nullif(btrim(i.item ->> 'thread_id'), '') end as thread_id,
        case when jsonb_typeof(i.item -> 'participant') = 'object' then i.item -> 'participant' end as participant,
        case when i.item ? 'updated_at' then crm_private.event_time(i.item ->> 'updated_at') end as updated_at
      from jsonb_array_elements(p_items) with ordinality i (item, ordinal)
    ), problems as (
      select p.ordinal, min(p.path) as path
      from crm_private.participant_problems(array(select r.participant from read r order by r.ordinal)) p
      group by p.ordinal
    ), checked as materialized (
      select r.*,
        case
          when jsonb_typeof(r.item) <> 'object' then '$'
          when r.item ? 'thread_id' and (r.thread_id is null or length(r.thread_id) > 512) then '$.thread_id'
          when r.item ? 'participant' and r.participant is null then '$.participant'
          when r.thread_id is null and r.participant is null then '$'
          when r.item ? 'events' and jsonb_typeof(r.item -> 'events') <> 'array' then '$.events'
          when r.item ? 'updated_at' and r.updated_at is null then '$.updated_at'
          else '$.participant' || p.path
        end as problem_path
      from read r
      left join problems p on p.ordinal = r.ordinal
    )
    select array_agg(row(
        c.ordinal, c.thread_id, case when c.problem_path is null then c.participant end,
        coalesce(c.updated_at, n.occurred_at),
        c.updated_at,
        p_account.channel || ':' || p_account.external_id || ':' || coalesce(n.key, 'thread:' || c.thread_id, 'participant'),
        case when c.problem_path is not null then 'invalid_item' end,
        c.problem_path
      )::crm_private.inbound_item order by c.ordinal)
    from checked c
    left join newest n on n.ordinal = c.ordinal
  );
end;
$$;
comment on function crm_private.parse_items(crm.channel_accounts, jsonb, crm_private.inbound_event[]) is
  'The items of a delivery as rows, in order; problem_path says what is wrong with one. Item-level problems reject the whole item.';

-- sql/030_conversations/fn_reject_unnamed_items.sql
create function crm_private.reject_unnamed_items(p_items crm_private.inbound_item[], p_keys crm_private.item_key[])
returns crm_private.inbound_item[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_item crm_private.inbound_item;
begin
  for v_item in
    select i.* from unnest(p_items) i
    left join (select distinct k.ordinal from unnest(p_keys) k) k on k.ordinal = i.ordinal
    where i.problem is null and k.ordinal is null
  loop
    v_item.problem := 'no_conversation';
    v_item.problem_path := case when v_item.participant is null then '$' else '$.participant.identities' end;
    v_item.participant := null;
    p_items[v_item.ordinal] := v_item;
  end loop;
  return p_items;
end;
$$;
comment on function crm_private.reject_unnamed_items(crm_private.inbound_item[], crm_private.item_key[]) is
  'Marks the items that neither a thread id nor a usable id of the participant on this channel gives a conversation.';

-- sql/030_conversations/fn_remove_answered_ai_tags.sql
create function crm_private.remove_answered_ai_tags(
  p_account crm.channel_accounts,
  p_stored crm_private.inbound_event[],
  p_conversation_ids uuid[],
  p_before crm.conversations[]
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_answered uuid[];
begin
  with answered as (
    delete from crm.conversation_tags t
    using (
      select v.id, max(s.occurred_at) as occurred_at
      from unnest(p_before) v
      join unnest(p_stored) s on p_conversation_ids[s.ordinal] = v.id
      where v.follow_up and s.type = 'message' and s.direction = 'inbound'
      group by v.id
    ) m
    where t.workspace_id = p_account.workspace_id and t.conversation_id = m.id and t.set_by = 'ai' and t.set_at < m.occurred_at
    returning t.conversation_id
  )
  select array_agg(a.conversation_id) into v_answered from answered a;
  if v_answered is not null then
    perform crm_private.note_follow_up(p_account, v_answered);
  end if;
end;
$$;
comment on function crm_private.remove_answered_ai_tags(crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]) is
  'Removes the tags that the AI set before a new inbound message occurred. p_before are the conversations as they were under lock.';

-- sql/030_conversations/fn_resolve_conversations.sql
create function crm_private.resolve_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_keys crm_private.item_key[],
  p_will_link boolean,
  out conversation_ids uuid[],
  out are_new boolean[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_found crm_private.item_conversation[];
  v_again crm_private.item_conversation[];
  v_ids uuid[];
  v_new_ids uuid[];
  v_claimed boolean := false;
  v_ordinal int;
  v_survivor uuid;
  v_duplicate uuid;
begin
  conversation_ids := array_fill(null::uuid, array[cardinality(p_items)]);
  are_new := array_fill(false, array[cardinality(p_items)]);
  v_found := crm_private.item_conversations(p_account, p_keys);

  if (p_will_link and cardinality(crm_private.unclaimed_keys(p_account, p_keys)) > 0)
    or exists (select from unnest(v_found) f group by f.ordinal having count(*) > 1) then
    -- Conversations first, in id order; then the keys nobody has, in sorted order, for the conversation the item is known by
    -- or for one that gets its row later. What was read before a lock was waited for may be gone, so read again.
    v_new_ids := array(select gen_random_uuid() from generate_series(1, cardinality(p_items)));
    loop
      perform l.id
      from (select distinct f.conversation_id from unnest(v_found) f order by f.conversation_id) i
      cross join lateral (
        select v.id from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = i.conversation_id
        for no key update
      ) l;

      v_again := crm_private.item_conversations(p_account, p_keys);
      if v_again is distinct from v_found then
        if not v_claimed then
          raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
        end if;
        v_found := v_again;
        continue;
      end if;
      exit when v_claimed;

      insert into crm.conversation_keys (workspace_id, channel_account_id, kind, value, conversation_id)
      select p_account.workspace_id, p_account.id, n.kind, n.value, coalesce(n.conversation_id, v_new_ids[n.ordinal])
      from (
        select distinct on (k.kind, k.value) k.kind, k.value, k.ordinal, f.conversation_id
        from unnest(crm_private.unclaimed_keys(p_account, p_keys)) k
        left join unnest(v_found) f on f.ordinal = k.ordinal
        order by k.kind, k.value, k.ordinal, f.conversation_id
      ) n
      order by n.kind, n.value
      on conflict (workspace_id, channel_account_id, kind, value) do nothing;
      v_claimed := true;
      v_found := crm_private.item_conversations(p_account, p_keys);
    end loop;

    -- A payload that bridges two conversations merges the younger into the older.
    for v_ordinal in select f.ordinal from unnest(v_found) f group by f.ordinal having count(*) > 1 order by f.ordinal loop
      v_ids := array(
        select f.conversation_id
        from unnest(crm_private.item_conversations(p_account, p_keys)) f
        left join lateral (
          select x.created_at from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = f.conversation_id offset 0
        ) v on true
        where f.ordinal = v_ordinal
        order by v.created_at nulls last, f.conversation_id);
      v_survivor := v_ids[1];
      foreach v_duplicate in array v_ids[2:] loop
        if exists (select from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = v_duplicate) then
          perform crm_private.merge_conversation_rows(p_account, v_survivor, v_duplicate);
        else
          update crm.conversation_keys k set conversation_id = v_survivor
          where k.workspace_id = p_account.workspace_id and k.channel_account_id = p_account.id and k.conversation_id = v_duplicate;
        end if;
      end loop;
    end loop;
    v_found := crm_private.item_conversations(p_account, p_keys);
  end if;

  select array_agg(f.conversation_id order by i.ordinal),
    array_agg(f.conversation_id is not null and v.id is null
      and row_number = 1 order by i.ordinal)
  into conversation_ids, are_new
  from (
    select i.ordinal, f.conversation_id, row_number() over (partition by f.conversation_id order by i.ordinal)
    from unnest(p_items) i
    left join unnest(v_found) f on f.ordinal = i.ordinal
  ) f
  join unnest(p_items) i on i.ordinal = f.ordinal
  left join lateral (
    select x.id from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = f.conversation_id offset 0
  ) v on true;
end;
$$;
comment on function crm_private.resolve_conversations(crm.channel_accounts, crm_private.inbound_item[], crm_private.item_key[], boolean) is
  'The conversation of each item (by ordinal; null when no key names one) and whether the item is the first of one that has no row yet. Keys are claimed before rows, so one thread never gets two conversations. p_will_link: has_unlinked_items said that there is a key to claim or a contact to link.';

-- sql/030_conversations/fn_richer_messages.sql
create function crm_private.richer_messages(p_account crm.channel_accounts, p_copies crm_private.inbound_event[])
returns setof crm.messages
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select j.*
  from unnest(p_copies) e
  cross join lateral (
    select x as message
    from crm.messages x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.provider_message_id = e.provider_message_id
    offset 0
  ) s
  cross join lateral crm_private.join_copy(s.message, e.body, e.attachments, e.reply_to, e.occurred_at, e.is_history, e.payload) j
  where j is distinct from s.message;
end;
$$;
comment on function crm_private.richer_messages(crm.channel_accounts, crm_private.inbound_event[]) is
  'The stored messages that one of the copies adds something to, as they are with it. Empty on a replay.';

-- sql/030_conversations/fn_store_events.sql
create function crm_private.store_events(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_are_new boolean[]
)
returns crm_private.inbound_event[]
language plpgsql
set search_path = ''
as $$
declare
  v_fresh crm_private.inbound_event[];
  v_copies crm_private.inbound_event[];
  v_stored crm_private.inbound_event[];
  v_keys text[];
  v_messages text[];
  v_touched uuid[];
  v_attached uuid[];
  v_waiting uuid[];
  v_richer uuid[] := array[]::uuid[];
  v_before crm.conversations[];
  v_conversations crm.conversations[];
  v_all_new boolean := (select count(distinct c.id) = count(*) filter (where c.is_new) from unnest(p_conversation_ids, p_are_new) c (id, is_new));
begin
  -- 1. Which events are not known yet, and which copies of known messages add something to them.
  --    A message is known by its row, which has its event (I10).
  if v_all_new then
    v_fresh := p_events;
  else
    select array_agg(e) filter (where known.adds is null), array_agg(e) filter (where known.adds)
    into v_fresh, v_copies
    from unnest(p_events) e
    left join lateral (
      select coalesce(
        e.body <> coalesce(x.body, '')
          or (e.attachments <> '[]' and e.attachments <> x.attachments)
          or e.reply_to <> coalesce(x.reply_to, '')
          or e.occurred_at < x.sent_at
          or (x.is_history and not e.is_history)
          or (e.payload <> '{}' and x.payload || e.payload <> x.payload), false) as adds
      from crm.messages x
      where e.type = 'message'
        and x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.provider_message_id = e.provider_message_id
      union all
      select false
      from crm.contact_interaction_events x
      where e.type <> 'message'
        and x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.event_key = e.key
      offset 0
    ) known on true;
  end if;

  -- The same event twice in one delivery: once, and the other time a copy.
  if (select count(distinct e.key collate "C") from unnest(v_fresh) e) < cardinality(v_fresh) then
    select array_agg(k.event) filter (where k.place = 1),
      v_copies || array_agg(k.event) filter (where k.place > 1 and (k.event).type = 'message')
    into v_fresh, v_copies
    from (select e as event, row_number() over (partition by e.key) as place from unnest(v_fresh) e) k;
  end if;
  v_stored := coalesce(v_fresh, '{}');

  -- 2. New conversations get their rows; of those that are there, only the ones that will change are locked, in id order.
  if true = any (p_are_new) then
    perform crm_private.insert_conversations(p_account, p_items, p_events, v_stored, p_contact_ids, p_conversation_ids, p_are_new);
  end if;
  if not v_all_new then
    v_richer := array(select distinct r.conversation_id from crm_private.richer_messages(p_account, v_copies) r);
    v_before := crm_private.lock_conversations(p_account, p_items, p_events, v_stored, v_richer, p_contact_ids, p_conversation_ids, p_are_new);
  end if;

  if cardinality(v_fresh) > 0 then
    -- Those with something new are locked by now, so this is final.
    v_conversations := array(
      select v.conversation
      from (select distinct c.id from unnest(p_conversation_ids) c (id) where c.id is not null) i
      cross join lateral (
        select x as conversation from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id offset 0
      ) v);
    if exists (
      select from unnest(p_conversation_ids) c (id)
      left join unnest(v_conversations) v on v.id = c.id
      where c.id is not null and v.id is null) then
      raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
    end if;

    -- 3. Messages with their events, then the other events.
    v_keys := array(select crm_private.insert_messages(p_account, v_fresh, p_conversation_ids, v_conversations));
    v_messages := v_keys;
    select v_keys || coalesce(array_agg(s.event_key), '{}'),
      coalesce(array_agg(s.message_id) filter (where s.message_id is not null), '{}'),
      array_agg(s.conversation_id) filter (where s.message_id is null and s.provider_message_id is not null)
    into v_keys, v_touched, v_waiting
    from crm_private.insert_events(p_account, v_fresh, p_conversation_ids, v_conversations) s;

    if cardinality(v_keys) < cardinality(v_fresh) then
      -- Somebody else was faster with some of them: those are copies too.
      select coalesce(array_agg(f.event) filter (where f.is_stored), '{}'),
        v_copies || array_agg(f.event) filter (where not f.is_stored and (f.event).type = 'message')
      into v_stored, v_copies
      from (
        select e as event, k.key is not null as is_stored
        from unnest(v_fresh) e
        left join unnest(v_keys) k (key) on k.key = e.key
      ) f;
      update crm.conversations v set unread_count = c.unread
      from crm_private.conversation_changes(p_items, p_events, v_stored, p_contact_ids, p_conversation_ids) c
      join unnest(p_conversation_ids, p_are_new) n (id, is_new) on n.is_new and n.id = c.conversation_id
      where v.workspace_id = p_account.workspace_id and v.id = c.conversation_id and v.unread_count <> c.unread;
    end if;

    -- 4. What was already known of messages that came only now, and what the new events say of messages.
    if cardinality(v_messages) > 0 then
      v_attached := crm_private.attach_waiting_events(p_account, v_messages);
      if cardinality(v_attached) > 0 then
        v_touched := v_touched || v_attached;
        v_waiting := v_waiting || array(select v.id from unnest(v_conversations) v where v.follow_up);
      end if;
    end if;
    if v_waiting is not null then
      perform crm_private.note_follow_up(p_account, v_waiting);
    end if;
    if cardinality(v_touched) > 0 then
      perform crm_private.apply_message_effects(p_account, v_touched);
    end if;
  end if;

  -- 5. Copies that know more, the conversations as a whole, and the AI's tags.
  if v_copies is not null then
    perform crm_private.enrich_messages(p_account, v_copies);
  end if;
  if v_before is not null then
    perform crm_private.update_conversations(p_account, p_items, p_events, v_stored, p_contact_ids, p_conversation_ids, v_before);
    perform crm_private.remove_answered_ai_tags(p_account, v_stored, p_conversation_ids, v_before);
  end if;
  return v_stored;
end;
$$;
comment on function crm_private.store_events(crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], uuid[], uuid[], boolean[]) is
  'Stores the events of conversations that are resolved, each once, with everything that follows from them; returns those that were not known before. A replay locks nothing and writes nothing.';

-- sql/030_conversations/fn_unclaimed_keys.sql
create function crm_private.unclaimed_keys(p_account crm.channel_accounts, p_keys crm_private.item_key[])
returns crm_private.item_key[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select coalesce(array_agg(row(k.ordinal, k.kind, k.value)::crm_private.item_key), '{}')
    from unnest(p_keys) k
    left join lateral (
      select true as claimed
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = k.kind and x.value = k.value
      offset 0
    ) c on true
    where c.claimed is null
  );
end;
$$;
comment on function crm_private.unclaimed_keys(crm.channel_accounts, crm_private.item_key[]) is 'Those of the keys that no conversation of the account has.';

-- sql/030_conversations/fn_update_conversation.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.update_conversation(
  p_conversation_id uuid,
  p_expected_version bigint,
  p_patch jsonb,
  p_workspace_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_version bigint;
begin
  select v.workspace_id into v_workspace_id
  from crm.conversations v
  where v.id = p_conversation_id and v.workspace_id = coalesce(p_workspace_id, v.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'agent');
  if v_workspace_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such conversation.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'conversation')::text,
      hint = 'It may have been merged into an older one: look it up by its contact.';
  end if;
  perform crm_private.check_conversation_patch(p_patch);

  select v.version into v_version
  from crm.conversations v
  where v.workspace_id = v_workspace_id and v.id = p_conversation_id
  for no key update;
  if v_version is distinct from p_expected_version then
    raise exception using errcode = 'PT409', message = 'The conversation has changed since you read it.',
      detail = jsonb_build_object('code', 'version_conflict', 'version', v_version)::text,
      hint = 'Read it again and decide anew.';
  end if;

  delete from crm.conversation_tags t
  where t.workspace_id = v_workspace_id and t.conversation_id = p_conversation_id
    and t.tag in (select btrim(r.tag) from jsonb_array_elements_text(coalesce(p_patch -> 'tags_remove', '[]')) r (tag));

  insert into crm.conversation_tags as t (workspace_id, conversation_id, tag, set_by)
  select distinct v_workspace_id, p_conversation_id, btrim(a.tag), 'human'
  from jsonb_array_elements_text(coalesce(p_patch -> 'tags_add', '[]')) a (tag)
  on conflict (workspace_id, conversation_id, tag) do update set set_by = 'human', set_at = excluded.set_at
  where t.set_by <> 'human';

  update crm.conversations v set
    status = coalesce(p_patch ->> 'status', v.status),
    status_changed_at = case when p_patch ->> 'status' <> v.status then clock_timestamp() else v.status_changed_at end,
    unread_count = coalesce((p_patch ->> 'unread_count')::int, v.unread_count)
  where v.workspace_id = v_workspace_id and v.id = p_conversation_id
  returning v.version into v_version;
  return v_version;
end;
$$;
comment on function crm.update_conversation(uuid, bigint, jsonb, uuid) is
  'Changes a conversation if it still has the expected version, and returns the new one. Patch keys: status (open, pending, closed), tags_add, tags_remove (arrays of text), unread_count. For agents. PT400 invalid_input, PT401, PT403, PT404 not_found, PT409 version_conflict with the current version in detail.';

-- sql/030_conversations/fn_update_conversations.sql
create function crm_private.update_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_before crm.conversations[]
)
returns void
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_linked uuid[];
  v_moved uuid[];
begin
  with updated as (
    update crm.conversations v set
      contact_id = coalesce(v.contact_id, c.contact_id),
      status = case when v.status = 'closed' and c.newest_unread_at > coalesce(v.status_changed_at, '-infinity') then 'open' else v.status end,
      unread_count = v.unread_count + c.unread,
      last_message_at = greatest(v.last_message_at, c.last_message_at),
      last_inbound_at = greatest(v.last_inbound_at, c.last_inbound_at),
      delivered_watermark = greatest(v.delivered_watermark, c.delivered_watermark),
      read_watermark = greatest(v.read_watermark, c.read_watermark),
      source_updated_at = greatest(v.source_updated_at, c.source_updated_at),
      metadata = crm_private.conversation_metadata(v.contact_id, v.metadata, c.contact_id, c.participant, c.participant_at)
    from crm_private.conversation_changes(p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
    join unnest(p_before) b on b.id = c.conversation_id
    -- The workspace goes without saying; written so, it offers the planner no shorter index to scan.
    where v.id = c.conversation_id and v.workspace_id is not distinct from p_account.workspace_id
      and (c.unread > 0
        or (v.contact_id is null and c.contact_id is not null)
        or c.last_message_at > coalesce(v.last_message_at, '-infinity')
        or c.last_inbound_at > coalesce(v.last_inbound_at, '-infinity')
        or c.delivered_watermark > coalesce(v.delivered_watermark, '-infinity')
        or c.read_watermark > coalesce(v.read_watermark, '-infinity')
        or c.source_updated_at > coalesce(v.source_updated_at, '-infinity')
        or v.metadata <> crm_private.conversation_metadata(v.contact_id, v.metadata, c.contact_id, c.participant, c.participant_at))
    returning v.id, b.contact_id is null and v.contact_id is not null as linked,
      v.delivered_watermark is distinct from b.delivered_watermark or v.read_watermark is distinct from b.read_watermark as moved
  )
  select array_agg(u.id) filter (where u.linked), array_agg(u.id) filter (where u.moved)
  into v_linked, v_moved
  from updated u;

  if v_linked is not null then
    update crm.contact_interaction_events e set contact_id = v.contact_id
    from unnest(v_linked) i (id)
    cross join lateral (
      select x.id, x.contact_id from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id offset 0
    ) v
    where e.conversation_id = v.id
      and e.contact_id is distinct from v.contact_id;
  end if;
  if v_moved is not null then
    perform crm_private.apply_watermarks(p_account, array(select b from unnest(p_before) b where b.id = any (v_moved)));
  end if;
end;
$$;
comment on function crm_private.update_conversations(crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[], crm.conversations[]) is
  'Brings conversations that were there before (p_before, as they were under lock) to what the delivery says. Links an orphan with its events, reopens a closed one when something unread came after it was closed, marks what was sent up to a watermark. Writes nothing where nothing changes.';

-- sql/030_conversations/fn_upsert_conversation_with_events.sql
create function crm.upsert_conversation_with_events(p_channel_account_id uuid, p_item jsonb)
returns table (
  conversation_id uuid,
  contact_id uuid,
  version bigint,
  is_new boolean,
  contact_outcome text,
  events_inserted int,
  events_duplicate int,
  error jsonb
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select b.conversation_id, b.contact_id, b.version, b.is_new, b.contact_outcome, b.events_inserted, b.events_duplicate, b.error
  from crm.bulk_upsert_conversations_with_events(p_channel_account_id, jsonb_build_array(p_item)) b;
end;
$$;
comment on function crm.upsert_conversation_with_events(uuid, jsonb) is
  'Ingests one InboundItem; see bulk_upsert_conversations_with_events.';

-- sql/030_conversations/trg_conversation_tags_follow_up.sql
create function crm_private.note_ai_tag()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update crm.conversations v set follow_up = true
  where v.workspace_id = new.workspace_id and v.id = new.conversation_id and not v.follow_up;
  return null;
end;
$$;
comment on function crm_private.note_ai_tag() is 'Trigger: a tag that the AI set gives the conversation''s next inbound message something to follow up.';

create trigger follow_up
after insert or update on crm.conversation_tags
for each row when (new.set_by = 'ai')
execute function crm_private.note_ai_tag();

-- sql/030_conversations/trg_conversations_bump_version.sql
create trigger bump_version
before update on crm.conversations
for each row execute function crm_private.bump_version();

-- sql/040_sync/10_tables.sql
create table crm.dead_letters (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid references crm.workspaces (id) on delete cascade,
  channel_account_id uuid,
  channel text not null,
  account_external_id text not null,
  reason text not null,
  path text,
  detail text,
  item jsonb not null,
  item_hash text not null,
  status text not null default 'open',
  attempts int not null default 1,
  created_at timestamptz not null default now(),
  replayed_at timestamptz,
  constraint dead_letters_item_key unique nulls not distinct (workspace_id, channel, account_external_id, item_hash),
  constraint channel_account_fkey foreign key (workspace_id, channel_account_id)
    references crm.channel_accounts (workspace_id, id) on delete cascade,
  constraint status_is_valid check (status in ('open', 'replayed', 'discarded'))
);
comment on table crm.dead_letters is 'What could not be stored, with why: a bad item never blocks its neighbours and is never lost. The same bad item twice is one row.';
comment on column crm.dead_letters.workspace_id is 'Null when the account is not connected to any workspace.';
comment on column crm.dead_letters.path is 'JSON path of what was wrong: from the root of item, or from the root of the webhook''s body where the translation refused it.';
create index dead_letters_open_idx on crm.dead_letters (workspace_id, created_at) where status = 'open';
create index dead_letters_channel_account_idx on crm.dead_letters (workspace_id, channel_account_id);

-- sql/040_sync/30_policies.sql
alter table crm.dead_letters enable row level security;
create policy members_read on crm.dead_letters for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/040_sync/fn_keep_dead_letter.sql
create function crm_private.keep_dead_letter(
  p_account crm.channel_accounts,
  p_channel text,
  p_account_external_id text,
  p_reason text,
  p_path text,
  p_detail text,
  p_item jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.dead_letters as d (workspace_id, channel_account_id, channel, account_external_id, reason, path, detail, item, item_hash)
  values (p_account.workspace_id, p_account.id, p_channel, p_account_external_id, p_reason, p_path, p_detail, p_item,
    encode(sha256(convert_to(p_item::text, 'UTF8')), 'hex'))
  on conflict on constraint dead_letters_item_key do update set status = 'open', attempts = d.attempts + 1, reason = excluded.reason,
    path = excluded.path, detail = excluded.detail, replayed_at = null
  where d.status = 'replayed';
end;
$$;
comment on function crm_private.keep_dead_letter(crm.channel_accounts, text, text, text, text, text, jsonb) is
  'Keeps what could not be stored, with why; the same item again changes nothing, unless it had been replayed: then it is open again, and a discarded one stays discarded. p_account is null when the account is not connected.';

-- sql/040_sync/fn_keep_rejected.sql
create function crm_private.keep_rejected(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_parsed crm_private.inbound_item[],
  p_events crm_private.inbound_event[]
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_item crm_private.inbound_item;
  v_event crm_private.inbound_event;
begin
  for v_item in select i.* from unnest(p_parsed) i where i.problem is not null loop
    perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id, v_item.problem, v_item.problem_path,
      null, p_items -> (v_item.ordinal - 1));
  end loop;

  -- A malformed event is kept with its item, alone, so that it can be replayed as it is.
  for v_event in
    select e.* from unnest(p_events) e
    where e.problem is not null
      and not exists (select from unnest(p_parsed) i where i.ordinal = e.ordinal and i.problem is not null)
  loop
    perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id, v_event.problem,
      regexp_replace(v_event.problem_path, '^\$\.events\[\d+\]', '$.events[0]'), null,
      jsonb_set(p_items -> (v_event.ordinal - 1), '{events}', jsonb_build_array(p_items -> (v_event.ordinal - 1) -> 'events' -> v_event.index)));
  end loop;
end;
$$;
comment on function crm_private.keep_rejected(crm.channel_accounts, jsonb, crm_private.inbound_item[], crm_private.inbound_event[]) is
  'Keeps the malformed items and events of a delivery as dead letters, with the JSON path of what was wrong.';

-- sql/080_monitoring/view_channel_overview.sql
create view crm.channel_overview with (security_invoker = true) as
select
  a.workspace_id,
  a.id as channel_account_id,
  a.channel,
  a.display_name,
  a.is_active,
  v.contacts,
  v.conversations,
  m.messages,
  e.events,
  d.dead_letters,
  e.last_event_at
from crm.channel_accounts a
cross join lateral (
  select count(*) as conversations, count(distinct c.contact_id) as contacts
  from crm.conversations c
  where c.workspace_id = a.workspace_id and c.channel_account_id = a.id
) v
cross join lateral (
  select count(*) as messages
  from crm.messages m
  where m.workspace_id = a.workspace_id and m.channel_account_id = a.id
) m
cross join lateral (
  select count(*) as events, max(e.occurred_at) as last_event_at
  from crm.contact_interaction_events e
  where e.workspace_id = a.workspace_id and e.channel_account_id = a.id
) e
cross join lateral (
  select count(*) as dead_letters
  from crm.dead_letters d
  where d.workspace_id = a.workspace_id and d.channel_account_id = a.id and d.status = 'open'
) d;
comment on view crm.channel_overview is 'What is in each channel account? One row per account, with counts.';

-- sql/080_monitoring/view_contact_sync_overview.sql
create view crm.contact_sync_overview with (security_invoker = true) as
select
  c.workspace_id,
  c.sync_source,
  count(*) as contacts,
  count(*) filter (where c.needs_full_sync) as needing_full_sync,
  min(c.created_at) as oldest_created_at,
  max(c.last_sync_at) as last_sync_at
from crm.contacts c
where c.merged_into_id is null
group by c.workspace_id, c.sync_source;
comment on view crm.contact_sync_overview is 'How complete are the contacts? One row per workspace and source: stubs from chats, upgraded stubs, contacts from the API.';

-- sql/080_monitoring/view_dead_letter_summary.sql
create view crm.dead_letter_summary with (security_invoker = true) as
select
  d.workspace_id,
  d.channel,
  d.account_external_id,
  d.reason,
  d.path,
  count(*) as dead_letters,
  min(d.created_at) as first_at,
  max(d.created_at) as last_at
from crm.dead_letters d
where d.status = 'open'
group by d.workspace_id, d.channel, d.account_external_id, d.reason, d.path;
comment on view crm.dead_letter_summary is 'What could not be stored, and why? One row per account, reason and path of the open dead letters.';

-- sql/080_monitoring/view_inbox.sql
create view crm.inbox with (security_invoker = true) as
select
  v.workspace_id,
  v.id as conversation_id,
  v.channel_account_id,
  a.channel,
  a.display_name as account,
  v.contact_id,
  coalesce(c.full_name, v.metadata -> 'participant' ->> 'full_name') as full_name,
  coalesce(c.needs_full_sync, false) as is_stub,
  v.status,
  v.unread_count,
  v.last_message_at,
  v.last_inbound_at,
  l.direction as last_direction,
  l.body as last_body,
  l.status as last_status,
  l.unsent_at is not null as last_is_unsent,
  (select coalesce(jsonb_agg(jsonb_build_object('tag', t.tag, 'set_by', t.set_by) order by t.tag), '[]')
    from crm.conversation_tags t
    where t.workspace_id = v.workspace_id and t.conversation_id = v.id) as tags,
  v.version
from crm.conversations v
join crm.channel_accounts a on a.workspace_id = v.workspace_id and a.id = v.channel_account_id
left join crm.contacts c on c.workspace_id = v.workspace_id and c.id = v.contact_id
left join lateral (
  select m.direction, m.body, m.status, m.unsent_at
  from crm.messages m
  where m.workspace_id = v.workspace_id and m.channel_account_id = v.channel_account_id and m.conversation_id = v.id
  order by m.sent_at desc, m.provider_message_id desc
  limit 1
) l on true;
comment on view crm.inbox is 'Who wrote to us, and what was said last? One row per conversation.';

-- sql/090_schedule/10_grants.sql
-- Deny by default, then grant what is meant. A schema's default privileges cannot take execute from public, so it is revoked here,
-- and a test over the catalog finds any function that slips through.
revoke all on schema crm, crm_private from public;
revoke all on all tables in schema crm, crm_private from public, anon, authenticated, service_role;
revoke execute on all functions in schema crm, crm_private from public, anon, authenticated, service_role;

grant usage on schema crm to authenticated, service_role;
grant usage on schema crm_private to service_role;

-- Members read, under row level security.
grant select on all tables in schema crm to authenticated;
-- service_role is the backend: it passes row level security, and runs the functions that are not security definer.
grant select, insert, update, delete on all tables in schema crm to service_role;
grant execute on all functions in schema crm, crm_private to service_role;

-- Policies need execute, and no usage on the schema.
grant execute on function crm_private.member_workspace_ids() to authenticated;

grant execute on function
  crm.add_member(uuid, uuid, text),
  crm.contact_sync_stats(uuid),
  crm.update_conversation(uuid, bigint, jsonb, uuid)
to authenticated;
