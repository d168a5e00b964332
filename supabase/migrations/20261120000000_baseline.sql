-- Generated from sql/ by "npm run db:migration", never edited by hand.

-- sql/010_foundation/00_schemas.sql
-- crm is the API that PostgREST exposes; crm_private holds what no client may call.
create schema crm;
comment on schema crm is
  'Onefold''s API: tables under row level security, monitoring views and RPC functions. Only the functions write.';

create schema crm_private;
comment on schema crm_private is
  'Onefold''s rules, never exposed. Clients reach them only through the functions of schema crm.';

-- sql/010_foundation/10_fn_roles.sql
create function crm_private.roles()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array['viewer', 'agent', 'admin', 'owner'];
$$;
comment on function crm_private.roles() is
  'The roles of a member, the least first: each has the rights of those before it.';

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
comment on column crm.workspaces.settings is
  'Those of crm_private.settings() that are set for the workspace: update_workspace changes them.';
comment on column crm.workspaces.default_country is
  'ISO 3166-1 alpha-2. Numbers written without a country code are read as this country''s.';

create table crm.workspace_members (
  workspace_id uuid not null references crm.workspaces (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id),
  constraint role_is_valid check (role = any (crm_private.roles()))
);
comment on table crm.workspace_members is 'Who may see a workspace, and in which of the roles.';
create index workspace_members_user_id_idx on crm.workspace_members (user_id);

-- sql/010_foundation/20_fn_member_workspace_ids.sql
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
  'The workspaces that the caller is a member of, as an array; empty for a caller that is no member.

A policy calls it inside a sub-select, so that it runs once per query.';

-- sql/010_foundation/30_policies.sql
alter table crm.workspaces enable row level security;
create policy members_read on crm.workspaces for select to authenticated
  using (id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.workspace_members enable row level security;
create policy members_read on crm.workspace_members for select to authenticated
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

  if p_role is null or p_role <> all (crm_private.roles()) then
    perform crm_private.reject_input('p_role', format('A role is %s.', crm_private.one_of(crm_private.roles())));
  end if;
  -- The workspace row is the lock that keeps two owners from demoting or removing each other.
  perform from crm.workspaces w where w.id = p_workspace_id for no key update;
  if not found then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;
  if not exists (select from auth.users u where u.id = p_user_id) then
    perform crm_private.raise_not_found('user', 'There is no such user.',
      'Invite the user through Supabase Auth first.');
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
  'Makes the user a member with the role, or changes the member''s role. For owners.

PT400 invalid_input, PT401, PT403 forbidden, PT404 not_found, PT409 last_owner.';

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
  -- Most are this: a day that every month has, so the cast cannot fail and needs no block of its own.
  if p_value ~ '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[T ]([01][0-9]|2[0-3]):[0-5][0-9]'
    ':[0-5][0-9]([.][0-9]{1,6})?(Z|[+-]0[0-9](:?[0-5][0-9])?)$' then
    return p_value::timestamptz;
  end if;
  if p_value ~ '^-?[0-9]{1,14}(\.[0-9]{1,9})?$' then
    return to_timestamp(case when abs(p_value::float8) < 1e10 then p_value::float8 else p_value::float8 / 1000 end);
  end if;
  -- Only ISO 8601 with a zone: the cast alone would also take
  -- 'now', 'infinity' and local times. It may still be no date.
  if p_value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?'
    '(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' then
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
  'A provider''s time: ISO 8601 with a zone, or an epoch number.

An epoch number counts milliseconds, or seconds where it has ten digits or fewer. Null when the text is neither.';

-- sql/010_foundation/fn_is_time_zone.sql
create function crm_private.is_time_zone(p_name text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Names of the IANA database look so; the server would also
  -- take an offset such as +5, with its sign the other way round.
  if p_name is null or p_name !~ '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$' then
    return false;
  end if;
  return timezone(p_name, timestamp '2020-01-01') is not null;
exception when invalid_parameter_value then
  return false;
end;
$$;
comment on function crm_private.is_time_zone(text) is 'True for the name of a time zone that the server knows.';

-- sql/010_foundation/fn_one_of.sql
create function crm_private.one_of(p_names text[])
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_count constant int := cardinality(p_names);
begin
  return concat_ws(' or ', nullif(array_to_string(p_names[:v_count - 1], ', '), ''), p_names[v_count]);
end;
$$;
comment on function crm_private.one_of(text[]) is
  'The names as a sentence lists them: ''viewer, agent, admin or owner''.';

-- sql/010_foundation/fn_plausible_time.sql
create function crm_private.plausible_time(p_time timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  return case when p_time between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours' then p_time end;
end;
$$;
comment on function crm_private.plausible_time(timestamptz) is
  'The time, or null when it is before 2004 or more than 24 hours ahead.

A source whose clock is that wrong says nothing, and must not win over everything to come.';

-- sql/010_foundation/fn_raise_not_found.sql
create function crm_private.raise_not_found(p_what text, p_message text, p_hint text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using errcode = 'PT404', message = p_message,
    detail = jsonb_build_object('code', 'not_found', 'what', p_what)::text,
    hint = p_hint;
end;
$$;
comment on function crm_private.raise_not_found(text, text, text) is
  'Refuses a call that names a row which does not exist.

Never returns. p_what names the kind of row in the error''s detail; p_hint says what the caller can do.
Errors: PT404 not_found.';

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

-- sql/010_foundation/fn_remove_member.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.remove_member(p_workspace_id uuid, p_user_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform crm_private.require_member(p_workspace_id, 'owner');

  -- The workspace row is the lock that keeps two owners from demoting or removing each other.
  perform from crm.workspaces w where w.id = p_workspace_id for no key update;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'workspace')::text,
      hint = 'Create it with create_workspace.';
  end if;
  -- A mistyped id must not look like a person who has lost access.
  if not exists (
    select from crm.workspace_members m where m.workspace_id = p_workspace_id and m.user_id = p_user_id) then
    raise exception using errcode = 'PT404', message = 'This user is no member of the workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'member')::text,
      hint = 'workspace_members lists who is. After a repeated call: the first one removed the member.';
  end if;
  if exists (
      select from crm.workspace_members m
      where m.workspace_id = p_workspace_id and m.user_id = p_user_id and m.role = 'owner')
    and not exists (
      select from crm.workspace_members m
      where m.workspace_id = p_workspace_id and m.user_id <> p_user_id and m.role = 'owner') then
    raise exception using errcode = 'PT409', message = 'This is the workspace''s last owner.',
      detail = jsonb_build_object('code', 'last_owner')::text,
      hint = 'Make somebody else an owner first.';
  end if;

  delete from crm.workspace_members m where m.workspace_id = p_workspace_id and m.user_id = p_user_id;
end;
$$;
comment on function crm.remove_member(uuid, uuid) is
  'Takes the user''s role in the workspace away: at once, also from signed-in sessions. For owners.

The user stays; what they did stays. An owner may leave while another one stays.
PT401, PT403 forbidden, PT404 not_found (also: the user is no member), PT409 last_owner.';

-- sql/010_foundation/fn_require_member.sql
create function crm_private.require_member(p_workspace_id uuid, p_least_role text)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
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

  if v_role is null
    or array_position(crm_private.roles(), v_role) < array_position(crm_private.roles(), p_least_role) then
    raise exception using errcode = 'PT403',
      message = format('This needs role %s or above in the workspace.', p_least_role),
      detail = jsonb_build_object('code', 'forbidden', 'needs', p_least_role)::text,
      hint = 'Ask an owner of the workspace for the role.';
  end if;
end;
$$;
comment on function crm_private.require_member(uuid, text) is
  'Returns when the caller is a member with at least the role, or is service_role or the database owner.

PT401 unauthenticated, PT403 forbidden.';

-- sql/010_foundation/fn_require_role.sql
-- Security definer: a member's functions are; the first act is the membership check.
create function crm.require_role(p_workspace_id uuid, p_least_role text)
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform crm_private.require_member(p_workspace_id, p_least_role);
  if p_least_role is null or p_least_role <> all (crm_private.roles()) then
    perform crm_private.reject_input('p_least_role', format('A role is %s.', crm_private.one_of(crm_private.roles())));
  end if;
end;
$$;
comment on function crm.require_role(uuid, text) is
  'Returns when the caller has at least this role in the workspace, or is service_role.

For functions that act for a member with the backend''s rights. PT400 invalid_input for another role, PT401, PT403.';

-- sql/010_foundation/fn_schema_version.sql
create function crm.schema_version()
returns text
language sql
immutable
set search_path = ''
as $$
  select '0.1.0'::text;
$$;
comment on function crm.schema_version() is
  'The version of the schema that is installed: that of the release, such as 0.1.0.

A client compares it with its own version. It tells nothing of a tenant: every signed-in user may call it.';

-- sql/010_foundation/fn_time_zone_name.sql
create function crm_private.time_zone_name(p_text text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Only names of the list: Postgres also takes UTC-5, and reads it as five hours east.
  return (
    select min(n.name) from pg_catalog.pg_timezone_names n where lower(n.name) = lower(p_text)
  );
end;
$$;
comment on function crm_private.time_zone_name(text) is
  'The time zone''s IANA name as the server spells it, whatever the case of its letters; null when there is none.

Reads all time zones of the server, some 50 ms: for set-up, not for deliveries. is_time_zone is the quick question.';

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
  'Trigger: every update of a row raises its version by one, whatever version the update asked for.';

-- sql/015_catalog/10_fn_channel_syncs.sql
create function crm_private.channel_syncs()
returns table (
  channel text,
  what text,
  function_name text,
  min_interval interval,
  needs_watermark boolean
)
language sql
immutable
set search_path = ''
as $$
  values
    ('messenger', 'conversations', 'conversation-sync', interval '0', true),
    ('b2chat', 'export', 'b2chat-sync', interval '1 hour', false);
$$;
comment on function crm_private.channel_syncs() is
  'The registry of syncs: at most one of each channel. A channel without a row has no sync.

what: the last part of the resource, <channel>:<external id>:<what>. function_name: the Edge Function that runs it.
min_interval: a scheduled run begins no sooner after the last one began.
needs_watermark: without a high watermark a scheduled run would read everything again, so none begins.';

-- sql/015_catalog/10_fn_channels.sql
create function crm_private.channels()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array['messenger', 'whatsapp', 'b2chat'];
$$;
comment on function crm_private.channels() is
  'The registry of channels, by name, in the order in which documents list them.';

-- sql/015_catalog/10_fn_identity_kinds.sql
create function crm_private.identity_kinds()
returns table (
  kind text,
  strength int,
  is_exclusive boolean,
  is_provider_given boolean,
  canonical_form text,
  scope_from text,
  names_conversation_on text
)
language sql
immutable
set search_path = ''
as $$
  values
    ('psid', 1, true, true, 'trimmed', 'account', 'messenger'),
    ('wa_id', 2, false, true, 'digits', null, 'whatsapp'),
    ('bsuid', 3, false, true, 'trimmed', 'business', 'whatsapp'),
    ('b2chat_id', 4, true, true, 'trimmed', 'chats', null),
    ('identification', 5, true, false, 'trimmed', null, null),
    ('phone', 6, false, false, 'e164', null, null),
    ('email', 7, false, false, 'mail', null, null);
$$;
comment on function crm_private.identity_kinds() is
  'The registry of identity kinds: everything that is true of a kind. Every rule reads it from here.

strength: 1 is the strongest. is_exclusive: a person has one current value per scope.
is_provider_given: a provider made the value, nobody typed it.
canonical_form: trimmed, digits, e164 (a phone number) or mail: canonical_identity_value makes it.
scope_from: where the scope comes from: account (the account''s external id), business (the setting business_id) or
chats (the account''s chats); identity_scope says how. Null: the kind has no scope.
names_conversation_on: the channel on which the value names a conversation; null: on none.

A session keeps what it has planned: after a migration that changes a registry, sessions that are open reconnect.';

-- sql/015_catalog/10_fn_settings.sql
create function crm_private.settings()
returns table (belongs_to text, channel text, name text, type text, default_value jsonb, description text)
language sql
immutable
set search_path = ''
as $$
  values
    ('channel_account', 'whatsapp', 'business_id', 'text', null::jsonb,
      'The scope that business-scoped user ids of this account share, instead of the WABA id.'),
    ('channel_account', 'b2chat', 'time_zone', 'time_zone', '"UTC"',
      'The zone of the merchant''s times, which come without one: an IANA name.'),
    ('channel_account', 'b2chat', 'sync_from', 'date', null,
      'The first day that the first sync reads, YYYY-MM-DD; without it, 30 days ago.'),
    ('channel_account', 'b2chat', 'shared_contact_ids', 'boolean', 'false',
      'Whether chats and contacts of the merchant number people alike.');
$$;
comment on function crm_private.settings() is
  'The registry of settings: what workspaces.settings and channel_accounts.settings may hold.

belongs_to: workspace or channel_account; channel: the channel whose accounts have it, null: all of them.
type: text (1 to 256 characters), boolean, date (YYYY-MM-DD) or time_zone (an IANA name): setting_value reads them.
default_value: what holds when it is not set; null: nothing does.';

-- sql/015_catalog/fn_exclusive_kinds.sql
create function crm_private.exclusive_kinds()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(k.kind order by k.strength) from crm_private.identity_kinds() k where k.is_exclusive;
$$;
comment on function crm_private.exclusive_kinds() is
  'The kinds of which a person has one current value per scope, strongest first.';

-- sql/015_catalog/fn_exclusive_provider_kinds.sql
create function crm_private.exclusive_provider_kinds()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(k.kind order by k.strength)
  from crm_private.identity_kinds() k
  where k.is_exclusive and k.is_provider_given;
$$;
comment on function crm_private.exclusive_provider_kinds() is
  'The exclusive kinds whose values a provider made, strongest first: nobody mistypes them.';

-- sql/015_catalog/fn_fast_path_kinds.sql
create function crm_private.fast_path_kinds()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_object_agg(c.channel, c.kinds)
  from (
    select k.names_conversation_on as channel, jsonb_build_object(
      'kinds', jsonb_agg(k.kind order by k.strength),
      'plain', coalesce(
        jsonb_agg(k.kind order by k.strength) filter (where coalesce(k.scope_from, 'account') = 'account'),
        '[]')) as kinds
    from crm_private.identity_kinds() k
    where k.names_conversation_on is not null
    group by k.names_conversation_on
  ) c;
$$;
comment on function crm_private.fast_path_kinds() is
  'What the fast path asks of the kinds that name a conversation, as {channel: {kinds, plain}}.

kinds: their names, strongest first. plain: those whose scope, unless given, is none or the account itself.
Without arguments it is a constant of the plans that use it, so that a call costs nothing.';

-- sql/015_catalog/fn_kind_channels.sql
create function crm_private.kind_channels()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(k.kind, k.names_conversation_on), '{}')
  from crm_private.identity_kinds() k
  where k.names_conversation_on is not null;
$$;
comment on function crm_private.kind_channels() is
  '{kind: channel} of the kinds whose values name a conversation of the channel by its participant.';

-- sql/015_catalog/fn_kind_forms.sql
create function crm_private.kind_forms()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_object_agg(k.kind, k.canonical_form) from crm_private.identity_kinds() k;
$$;
comment on function crm_private.kind_forms() is '{kind: canonical_form} of all kinds.';

-- sql/015_catalog/fn_kind_names.sql
create function crm_private.kind_names()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(k.kind order by k.strength) from crm_private.identity_kinds() k;
$$;
comment on function crm_private.kind_names() is
  'The names of all identity kinds, strongest first: the place of a name in it is the kind''s strength.';

-- sql/015_catalog/fn_kind_scopes.sql
create function crm_private.kind_scopes()
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(k.kind, k.scope_from), '{}')
  from crm_private.identity_kinds() k
  where k.scope_from is not null;
$$;
comment on function crm_private.kind_scopes() is '{kind: scope_from} of the kinds that have a scope.';

-- sql/020_phone/10_tables.sql
-- A numbering plan is read by one index look-up per call of crm.normalize_phone. Without the free space in its pages
-- the table is so small that the planner would read all of it each time.
create table crm_private.phone_plans (
  calling_code text collate "C" not null,
  ordinal smallint not null,
  country text collate "C" unique,
  lengths int[] not null,
  lengths_everywhere int[] not null,
  lengths_anywhere int[] not null,
  pattern text not null,
  first_digits text not null,
  idd_pattern text,
  idd_first_digits text,
  prefix_pattern text,
  prefix_first_digits text,
  prefix_transform text,
  leading_digits text,
  primary key (calling_code, ordinal),
  constraint ordinal_is_positive check (ordinal > 0)
) with (fillfactor = 10);

comment on table crm_private.phone_plans is
  'The numbering plans that crm.normalize_phone reads: one per country, and per calling code without a country.

Generated: see the data file beside it.';
comment on column crm_private.phone_plans.ordinal is
  'The order in which the countries of a shared calling code are tried. 1 is the code''s main country.';
comment on column crm_private.phone_plans.country is
  'ISO 3166-1 alpha-2. Null for a calling code without a country, such as 800.';
comment on column crm_private.phone_plans.lengths is 'How many digits a national number may have, ascending.';
comment on column crm_private.phone_plans.lengths_everywhere is
  'The lengths that are possible in every country of the calling code, whichever country the number belongs to.';
comment on column crm_private.phone_plans.lengths_anywhere is
  'The lengths possible in some country of the calling code, ascending.';
comment on column crm_private.phone_plans.pattern is 'What a whole national number looks like.';
comment on column crm_private.phone_plans.first_digits is 'The digits such a number can begin with.';
comment on column crm_private.phone_plans.idd_pattern is
  'What people in the country dial before an international number.';
comment on column crm_private.phone_plans.idd_first_digits is 'The digits idd_pattern can begin with.';
comment on column crm_private.phone_plans.prefix_pattern is
  'What people dial before a national number. Group 1 is all of it; further groups are parts of the number that stay.';
comment on column crm_private.phone_plans.prefix_first_digits is
  'The digits that a match of prefix_pattern can begin with.';
comment on column crm_private.phone_plans.prefix_transform is
  'What replaces the prefix when its last group matched, as regexp_replace writes it.';
comment on column crm_private.phone_plans.leading_digits is
  'For countries that share a calling code: what the numbers of this one begin with.';

create table crm_private.phone_types (
  calling_code text collate "C" not null,
  ordinal smallint not null,
  type_ordinal smallint not null,
  lengths int[] not null,
  pattern text not null,
  primary key (calling_code, ordinal, type_ordinal),
  foreign key (calling_code, ordinal) references crm_private.phone_plans (calling_code, ordinal) on delete cascade
);
comment on table crm_private.phone_types is
  'Number types, such as fixed lines, of countries that share a calling code and have no leading digits of their own.

They tell such countries apart.';
comment on column crm_private.phone_types.lengths is 'How many digits a number of this type may have.';
comment on column crm_private.phone_types.pattern is 'What a whole number of this type looks like.';

-- sql/020_phone/fn_normalize_phone.sql
create function crm.normalize_phone(p_raw text, p_default_country text default null)
returns text
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  v_plan crm_private.phone_plans;
  v_digits text;
  v_rest text;
begin
  if p_default_country is not null then
    select p.* into v_plan from crm_private.phone_plans p where p.country = p_default_country;
    if not found then
      perform crm_private.reject_input('p_default_country',
        'The default country is an ISO 3166-1 alpha-2 code such as CO.');
    end if;
  end if;

  -- Most numbers are digits between blanks, brackets, dots and
  -- dashes, and perhaps a + before them all: those need no pattern.
  v_digits := translate(p_raw, U&' ()-.\00A0', '');
  if rtrim(v_digits, '0123456789') not in ('', '+') or octet_length(p_raw) > 250 then
    v_digits := crm_private.phone_dialled(p_raw);
  end if;
  if v_digits is null or length(v_digits) < 4 then
    return null; -- No number is that short.
  end if;

  if left(v_digits, 1) <> '+' then
    if v_plan.calling_code is null then
      return null;
    end if;
    if strpos(v_plan.idd_first_digits, left(v_digits, 1)) > 0 then
      v_rest := regexp_replace(v_digits, v_plan.idd_pattern, '');
    end if;
    if v_rest <> v_digits and v_rest <> '' and v_rest not like '0%' then
      v_digits := '+' || v_rest;
    elsif starts_with(v_digits, v_plan.calling_code) then
      if length(v_digits) > all (v_plan.lengths)
        and strpos(v_plan.prefix_first_digits, left(v_digits, 1)) > 0 is not true then
        v_digits := '+' || v_digits;
      else
        v_digits := crm_private.phone_with_plus(v_digits, v_plan);
      end if;
    end if;
  end if;

  if left(v_digits, 1) = '+' then
    if v_plan.ordinal is distinct from 1 or not starts_with(substr(v_digits, 2), v_plan.calling_code) then
      -- Not the default country's plan. At most one of these is a calling code, because none begins with another.
      select p.* into v_plan
      from crm_private.phone_plans p
      where p.calling_code in (substr(v_digits, 2, 1), substr(v_digits, 2, 2), substr(v_digits, 2, 3))
        and p.ordinal = 1;
      if not found then
        return null;
      end if;
    end if;
    v_digits := substr(v_digits, 2 + length(v_plan.calling_code));
  end if;

  if strpos(v_plan.prefix_first_digits, left(v_digits, 1)) > 0 then
    v_digits := crm_private.phone_national_number(v_digits, v_plan);
  end if;
  if length(v_digits) = any (v_plan.lengths_everywhere) or length(v_digits) = any (v_plan.lengths_anywhere)
      and length(v_digits) = any (coalesce(crm_private.phone_country_lengths(v_plan.calling_code, v_digits),
        v_plan.lengths)) then
    return '+' || v_plan.calling_code || v_digits;
  end if;
  return null;
end;
$$;
comment on function crm.normalize_phone(text, text) is
  'A phone number in E.164 (+573001234567), or null when the text is no possible number.

A number without a country code is read as the default country''s. Without a default country only international numbers
are read. Extensions are dropped. Source: parsePhoneNumberFromString of libphonenumber-js, where isPossible().

PT400 invalid_input: the default country is unknown.';

-- sql/020_phone/fn_phone_country_lengths.sql
create function crm_private.phone_country_lengths(p_calling_code text, p_number text)
returns int[]
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
  return (
    select p.lengths
    from crm_private.phone_plans p
    where p.calling_code = p_calling_code
      and case
        when p.leading_digits is not null then p_number ~ p.leading_digits
        else strpos(p.first_digits, left(p_number, 1)) > 0 and p_number ~ p.pattern and exists (
          select from crm_private.phone_types t
          where t.calling_code = p.calling_code and t.ordinal = p.ordinal and length(p_number) = any (t.lengths)
            and p_number ~ t.pattern)
      end
    order by p.ordinal
    limit 1
  );
end;
$$;
comment on function crm_private.phone_country_lengths(text, text) is
  'The lengths possible in the country of a national number whose calling code several countries share.

Null when the number belongs to none of them. Source: getCountryByNationalNumber of libphonenumber-js.';

-- sql/020_phone/fn_phone_dialled.sql
-- The character classes: digits (ASCII, full-width, Arabic-Indic, Eastern Arabic-Indic),
-- punctuation (dashes, slashes, dots, some spaces, brackets, tildes). Upper and lower
-- case are both written out, so that no locale decides what a letter is.
create function crm_private.phone_dialled(p_raw text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  v_digit constant text := '0-9\uFF10-\uFF19\u0660-\u0669\u06F0-\u06F9';
  v_digits constant text :=
    U&'\FF10\FF11\FF12\FF13\FF14\FF15\FF16\FF17\FF18\FF19'
    '\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669'
    '\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9';
  v_punctuation constant text :=
    '-\u2010-\u2015\u2212\u30FC\uFF0D\uFF0F/\uFF0E. \u00A0\u00AD\u200B\u2060\u3000'
    '()\uFF08\uFF09\uFF3B\uFF3D\[\]~\u2053\u223C\uFF5E';
  v_plain constant text :=
    '^[+\uFF0B]?(?:[' || v_punctuation || ']*[' || v_digit || ']){3}[' || v_punctuation || v_digit || ']*';
  -- Labels by how clear they are: the vaguer, the fewer digits follow. Last come an extension between dashes and a hash
  -- as in the US, the pauses of dialling programs, and commas.
  v_extension constant text := replace(
    ';ext=[D]{1,20}'
    || '|[ \u00A0\t,]*(?:[eE]?[xX][tT](?:[eE][nN][sS][iI](?:[oO]\u0301?|[\u00F3\u00D3]))?[nN]?'
      '|[\uFF45\uFF25]?[\uFF58\uFF38][\uFF54\uFF34][\uFF4E\uFF2E]?'
      '|[\u0434\u0414\u1C81][\u043E\u041E\u1C82][\u0431\u0411]'
      '|[aA][nN][eE][xX][oO])[:.\uFF0E]?[ \u00A0\t,-]*[D]{1,20}#?'
    || '|[ \u00A0\t,]*(?:[xX\uFF58\uFF38#\uFF03~\uFF5E]|[iI][nN][tT]|[\uFF49\uFF29][\uFF4E\uFF2E][\uFF54\uFF34])'
      '[:.\uFF0E]?[ \u00A0\t,-]*[D]{1,9}#?'
    || '|[- ]+[D]{1,6}#'
    || '|[ \u00A0\t]*(?:,,|;)[:.\uFF0E]?[ \u00A0\t,-]*[D]{1,15}#?'
    || '|[ \u00A0\t]*,+[:.\uFF0E]?[ \u00A0\t,-]*[D]{1,9}#?', '[D]', '[' || v_digit || ']');
  v_at int := strpos(p_raw, ';phone-context=');
  v_number text;
begin
  if v_at > 0 then
    v_number := crm_private.phone_in_context(p_raw, v_at);
  elsif length(p_raw) <= 125
    or length(p_raw) + length(regexp_replace(p_raw, '[\U00000001-\U0000FFFF]+', '', 'g')) <= 250 then
    v_number := substring(p_raw from '[+\uFF0B' || v_digit || '].*[#' || v_digit || ']');
  end if;
  v_at := strpos(v_number, ';isub=');
  if v_at > 1 then
    v_number := left(v_number, v_at - 1);
  end if;

  -- Digits and punctuation alone hold no extension, unless a tilde begins it.
  if v_number !~ (v_plain || '$') or v_number ~ '[~\uFF5E]' then
    if v_number !~ (v_plain || '(?:' || v_extension || ')?$') then
      return null;
    end if;
    v_number := regexp_replace(v_number, '(?:' || v_extension || ')$', '');
  end if;
  return regexp_replace(translate(v_number, v_digits, '012345678901234567890123456789'), '[^+0-9]+', '', 'g');
end;
$$;
comment on function crm_private.phone_dialled(text) is
  'The number in a text as it would be dialled: a + if it has one, then its digits, without extension.

Null when there is none. It reads at most 250 UTF-16 units, except of a tel: URI with a phone-context. It does not turn
letters into digits. Source: parse() of libphonenumber-js.';

-- sql/020_phone/fn_phone_in_context.sql
create function crm_private.phone_in_context(p_raw text, p_at int)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  v_digit constant text := '0-9\uFF10-\uFF19\u0660-\u0669\u06F0-\u06F9';
  v_context text := split_part(substr(p_raw, p_at + 15), ';', 1);
  v_scheme int := strpos(p_raw, 'tel:');
  v_from int := case when v_scheme > 0 then v_scheme + 4 else 1 end;
begin
  if v_context ~ ('^(?:[' || v_digit || ']+(?:-*[' || v_digit || '])*\.)*[a-zA-Z]+(?:-*[' || v_digit || '])*\.?$') then
    v_context := '';
  elsif v_context !~ ('^\+[-.()' || v_digit || ']*[' || v_digit || '][-.()' || v_digit || ']*$') then
    return null;
  end if;
  return v_context || substr(p_raw, least(v_from, p_at), abs(p_at - v_from));
end;
$$;
comment on function crm_private.phone_in_context(text, int) is
  'The number of a tel: URI whose ;phone-context= is at the given character.

A context that is a number stands before it. A context that is a domain adds nothing. Null when it is neither. Source:
RFC 3966, as libphonenumber-js reads it.';

-- sql/020_phone/fn_phone_national_number.sql
create function crm_private.phone_national_number(p_digits text, p_plan crm_private.phone_plans)
returns text
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  v_match text[] := regexp_match(p_digits, p_plan.prefix_pattern);
  v_number text;
  v_lengths int[];
begin
  if v_match is null then
    return p_digits;
  end if;
  if p_plan.prefix_transform is not null and cardinality(v_match) > 1 and v_match[cardinality(v_match)] <> '' then
    v_number := regexp_replace(p_digits, p_plan.prefix_pattern, p_plan.prefix_transform);
  else
    v_number := substr(p_digits, length(v_match[1]) + 1);
  end if;
  if v_number = p_digits then
    return p_digits;
  end if;

  -- Where a prefix is also what numbers begin with, a number that is whole with it keeps it.
  if strpos(p_plan.first_digits, left(p_digits, 1)) > 0 and p_digits ~ p_plan.pattern
    and v_number !~ p_plan.pattern then
    return p_digits;
  end if;
  if length(v_number) = any (p_plan.lengths_everywhere) or length(v_number) > all (p_plan.lengths_anywhere) then
    return v_number;
  end if;
  v_lengths := p_plan.lengths_anywhere;
  if v_lengths <> p_plan.lengths_everywhere then
    v_lengths := coalesce(crm_private.phone_country_lengths(p_plan.calling_code, v_number), p_plan.lengths);
  end if;
  return case
    when length(v_number) = any (v_lengths) or length(v_number) > all (v_lengths) then v_number
    else p_digits
  end;
end;
$$;
comment on function crm_private.phone_national_number(text, crm_private.phone_plans) is
  'The digits without the plan''s national prefix and carrier code, or as its transform rule changes them.

Unchanged when too few digits would be left. Source: extractNationalNumber of libphonenumber-js.';

-- sql/020_phone/fn_phone_variants.sql
create function crm_private.phone_variants(p_phone text)
returns text[]
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_phone ~ '^\+55[1-9][1-9]9[6-9][0-9]{7}$' then array[substr(p_phone, 1, 5) || substr(p_phone, 7)]
    when p_phone ~ '^\+55[1-9][1-9][6-9][0-9]{7}$' then array[substr(p_phone, 1, 5) || '9' || substr(p_phone, 6)]
    when p_phone ~ '^\+521[0-9]{10}$' then array['+52' || substr(p_phone, 5)]
    when p_phone ~ '^\+52[0-9]{10}$' then array['+521' || substr(p_phone, 4)]
    when p_phone ~ '^\+549[0-9]{10}$' then array['+54' || substr(p_phone, 5)]
    when p_phone ~ '^\+54[0-9]{10}$' then array['+549' || substr(p_phone, 4)]
    else array[]::text[]
  end;
end;
$$;
comment on function crm_private.phone_variants(text) is
  'Other ways in which the same E.164 number is written. For look-up only: the number is stored as it was given.

Brazil''s mobiles have a ninth digit or not, Mexico''s a 1 or not, Argentina''s a 9 or not.';

-- sql/020_phone/fn_phone_with_plus.sql
create function crm_private.phone_with_plus(p_digits text, p_plan crm_private.phone_plans)
returns text
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  v_shorter text := substr(p_digits, length(p_plan.calling_code) + 1);
  v_national text := crm_private.phone_national_number(p_digits, p_plan);
  v_shorter_national text;
begin
  if length(v_national) > all (p_plan.lengths) then
    return '+' || p_digits;
  end if;
  v_shorter_national := crm_private.phone_national_number(v_shorter, p_plan);
  if v_shorter_national <> v_national and v_national !~ p_plan.pattern and v_shorter_national ~ p_plan.pattern then
    return '+' || p_digits;
  end if;
  return p_digits;
end;
$$;
comment on function crm_private.phone_with_plus(text, crm_private.phone_plans) is
  'Digits that begin with the plan''s calling code, with a + before them where they are an international number.

That is so when they are too long for a national number, or are a valid number only without the code. Otherwise
unchanged. Source: extractCountryCallingCodeFromInternationalNumberWithoutPlusSign of libphonenumber-js.';

-- sql/020_phone/generated/phone_metadata_data.sql
-- Generated by "npm run gen:phone" from libphonenumber-js 1.13.16, never edited by hand.
-- libphonenumber-js is under the MIT licence, (c) @catamphetamine; its metadata comes from Google's libphonenumber, under the
-- Apache License 2.0.
delete from crm_private.phone_plans;

insert into crm_private.phone_plans (calling_code, ordinal, country, lengths, lengths_everywhere, lengths_anywhere, pattern, first_digits,
  idd_pattern, idd_first_digits, prefix_pattern, prefix_first_digits, prefix_transform, leading_digits) values
  ('1', 1, 'US', '{10}', '{10}', '{7,10}', '^(?:[2-9][0-9]{9}|3[0-9]{6})$', '23456789', '^(?:011)', '0', '^(1)', '1', null, null),
  ('1', 2, 'AG', '{10}', '{10}', '{7,10}', '^(?:(?:268|[58][0-9][0-9]|900)[0-9]{7})$', '2589', '^(?:011)', '0', '^(([457][0-9]{6})$|1)', '1457', '268\2', '^(?:268)'),
  ('1', 3, 'AI', '{10}', '{10}', '{7,10}', '^(?:(?:264|[58][0-9][0-9]|900)[0-9]{7})$', '2589', '^(?:011)', '0', '^(([2457][0-9]{6})$|1)', '12457', '264\2', '^(?:264)'),
  ('1', 4, 'AS', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|684|900)[0-9]{7})$', '5689', '^(?:011)', '0', '^(([267][0-9]{6})$|1)', '1267', '684\2', '^(?:684)'),
  ('1', 5, 'BB', '{10}', '{10}', '{7,10}', '^(?:(?:246|[58][0-9][0-9]|900)[0-9]{7})$', '2589', '^(?:011)', '0', '^(([2-9][0-9]{6})$|1)', '123456789', '246\2', '^(?:246)'),
  ('1', 6, 'BM', '{10}', '{10}', '{7,10}', '^(?:(?:441|[58][0-9][0-9]|900)[0-9]{7})$', '4589', '^(?:011)', '0', '^(([2-9][0-9]{6})$|1)', '123456789', '441\2', '^(?:441)'),
  ('1', 7, 'BS', '{10}', '{10}', '{7,10}', '^(?:(?:242|[58][0-9][0-9]|900)[0-9]{7})$', '2589', '^(?:011)', '0', '^(([3-8][0-9]{6})$|1)', '1345678', '242\2', '^(?:242)'),
  ('1', 8, 'CA', '{7,10}', '{10}', '{7,10}', '^(?:[2-9][0-9]{9}|3[0-9]{6})$', '23456789', '^(?:011)', '0', '^(1)', '1', null, null),
  ('1', 9, 'DM', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|767|900)[0-9]{7})$', '5789', '^(?:011)', '0', '^(([2-7][0-9]{6})$|1)', '1234567', '767\2', '^(?:767)'),
  ('1', 10, 'DO', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|900)[0-9]{7})$', '589', '^(?:011)', '0', '^(1)', '1', null, '^(?:8001|8[024]9)'),
  ('1', 11, 'GD', '{10}', '{10}', '{7,10}', '^(?:(?:473|[58][0-9][0-9]|900)[0-9]{7})$', '4589', '^(?:011)', '0', '^(([2-9][0-9]{6})$|1)', '123456789', '473\2', '^(?:473)'),
  ('1', 12, 'GU', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|671|900)[0-9]{7})$', '5689', '^(?:011)', '0', '^(([2-9][0-9]{6})$|1)', '123456789', '671\2', '^(?:671)'),
  ('1', 13, 'JM', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|658|900)[0-9]{7})$', '5689', '^(?:011)', '0', '^(1)', '1', null, '^(?:658|876)'),
  ('1', 14, 'KN', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|900)[0-9]{7})$', '589', '^(?:011)', '0', '^(([2-7][0-9]{6})$|1)', '1234567', '869\2', '^(?:869)'),
  ('1', 15, 'KY', '{10}', '{10}', '{7,10}', '^(?:(?:345|[58][0-9][0-9]|900)[0-9]{7})$', '3589', '^(?:011)', '0', '^(([2-9][0-9]{6})$|1)', '123456789', '345\2', '^(?:345)'),
  ('1', 16, 'LC', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|758|900)[0-9]{7})$', '5789', '^(?:011)', '0', '^(([2-8][0-9]{6})$|1)', '12345678', '758\2', '^(?:758)'),
  ('1', 17, 'MP', '{10}', '{10}', '{7,10}', '^(?:[58][0-9]{9}|(?:67|90)0[0-9]{7})$', '5689', '^(?:011)', '0', '^(([2-9][0-9]{6})$|1)', '123456789', '670\2', '^(?:670)'),
  ('1', 18, 'MS', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|664|900)[0-9]{7})$', '5689', '^(?:011)', '0', '^(([34][0-9]{6})$|1)', '134', '664\2', '^(?:664)'),
  ('1', 19, 'PR', '{10}', '{10}', '{7,10}', '^(?:(?:[589][0-9][0-9]|787)[0-9]{7})$', '5789', '^(?:011)', '0', '^(1)', '1', null, '^(?:787|939)'),
  ('1', 20, 'SX', '{10}', '{10}', '{7,10}', '^(?:7215[0-9]{6}|(?:[58][0-9][0-9]|900)[0-9]{7})$', '5789', '^(?:011)', '0', '^((5[0-9]{6})$|1)', '15', '721\2', '^(?:721)'),
  ('1', 21, 'TC', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|649|900)[0-9]{7})$', '5689', '^(?:011)', '0', '^(([2-479][0-9]{6})$|1)', '123479', '649\2', '^(?:649)'),
  ('1', 22, 'TT', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|900)[0-9]{7})$', '589', '^(?:011)', '0', '^(([2-46-8][0-9]{6})$|1)', '1234678', '868\2', '^(?:868)'),
  ('1', 23, 'VC', '{10}', '{10}', '{7,10}', '^(?:(?:[58][0-9][0-9]|784|900)[0-9]{7})$', '5789', '^(?:011)', '0', '^(([2-7][0-9]{6})$|1)', '1234567', '784\2', '^(?:784)'),
  ('1', 24, 'VG', '{10}', '{10}', '{7,10}', '^(?:(?:284|[58][0-9][0-9]|900)[0-9]{7})$', '2589', '^(?:011)', '0', '^(([2-578][0-9]{6})$|1)', '1234578', '284\2', '^(?:284)'),
  ('1', 25, 'VI', '{10}', '{10}', '{7,10}', '^(?:[58][0-9]{9}|(?:34|90)0[0-9]{7})$', '3589', '^(?:011)', '0', '^(([2-9][0-9]{6})$|1)', '123456789', '340\2', '^(?:340)'),
  ('20', 1, 'EG', '{8,9,10}', '{8,9,10}', '{8,9,10}', '^(?:[189][0-9]{8,9}|[24-6][0-9]{8}|[135][0-9]{7})$', '12345689', '^(?:00)', '0', '^(0)', '0', null, null),
  ('211', 1, 'SS', '{9}', '{9}', '{9}', '^(?:[19][0-9]{8})$', '19', '^(?:00)', '0', '^(0)', '0', null, null),
  ('212', 1, 'MA', '{9}', '{9}', '{9}', '^(?:[5-8][0-9]{8})$', '5678', '^(?:00)', '0', '^(0)', '0', null, '^(?:[5-8])'),
  ('212', 2, 'EH', '{9}', '{9}', '{9}', '^(?:[5-8][0-9]{8})$', '5678', '^(?:00)', '0', '^(0)', '0', null, null),
  ('213', 1, 'DZ', '{8,9}', '{8,9}', '{8,9}', '^(?:(?:[1-4]|[5-79][0-9]|80)[0-9]{7})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('216', 1, 'TN', '{8}', '{8}', '{8}', '^(?:[2-57-9][0-9]{7})$', '2345789', '^(?:00)', '0', null, null, null, null),
  ('218', 1, 'LY', '{9}', '{9}', '{9}', '^(?:[2-9][0-9]{8})$', '23456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('220', 1, 'GM', '{7,9}', '{7,9}', '{7,9}', '^(?:[48][0-9]{8}|[2-9][0-9]{6})$', '23456789', '^(?:00)', '0', null, null, null, null),
  ('221', 1, 'SN', '{9}', '{9}', '{9}', '^(?:(?:[378][0-9]|93)[0-9]{7})$', '3789', '^(?:00)', '0', null, null, null, null),
  ('222', 1, 'MR', '{8}', '{8}', '{8}', '^(?:(?:[2-4][0-9][0-9]|800)[0-9]{5})$', '2348', '^(?:00)', '0', null, null, null, null),
  ('223', 1, 'ML', '{8}', '{8}', '{8}', '^(?:[24-9][0-9]{7})$', '2456789', '^(?:00)', '0', null, null, null, null),
  ('224', 1, 'GN', '{8,9}', '{8,9}', '{8,9}', '^(?:722[0-9]{6}|(?:3|6[0-9])[0-9]{7})$', '367', '^(?:00)', '0', null, null, null, null),
  ('225', 1, 'CI', '{10}', '{10}', '{10}', '^(?:[02][0-9]{9})$', '02', '^(?:00)', '0', null, null, null, null),
  ('226', 1, 'BF', '{8}', '{8}', '{8}', '^(?:[024-7][0-9]{7})$', '024567', '^(?:00)', '0', null, null, null, null),
  ('227', 1, 'NE', '{8}', '{8}', '{8}', '^(?:[027-9][0-9]{7})$', '02789', '^(?:00)', '0', null, null, null, null),
  ('228', 1, 'TG', '{8}', '{8}', '{8}', '^(?:[279][0-9]{7})$', '279', '^(?:00)', '0', null, null, null, null),
  ('229', 1, 'BJ', '{10}', '{10}', '{10}', '^(?:01[0-9]{8})$', '0', '^(?:00)', '0', null, null, null, null),
  ('230', 1, 'MU', '{7,8,10}', '{7,8,10}', '{7,8,10}', '^(?:(?:[57]|8[0-9][0-9])[0-9]{7}|[2-468][0-9]{6})$', '2345678', '^(?:0(?:0|[24-7]0|3[03]))', '0', null, null, null, null),
  ('231', 1, 'LR', '{7,8,9}', '{7,8,9}', '{7,8,9}', '^(?:(?:[2457][0-9]|33|88)[0-9]{7}|(?:2[0-9]|[4-6])[0-9]{6})$', '2345678', '^(?:00)', '0', '^(0)', '0', null, null),
  ('232', 1, 'SL', '{8}', '{8}', '{8}', '^(?:(?:[237-9][0-9]|66)[0-9]{6})$', '236789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('233', 1, 'GH', '{8,9}', '{8,9}', '{8,9}', '^(?:[235][0-9]{8}|800[0-9]{5,6})$', '2358', '^(?:00)', '0', '^(0)', '0', null, null),
  ('234', 1, 'NG', '{10,11,12,13,14}', '{10,11,12,13,14}', '{10,11,12,13,14}', '^(?:(?:20|9[0-9])[0-9]{8}|[78][0-9]{9,13})$', '2789', '^(?:009)', '0', '^(0)', '0', null, null),
  ('235', 1, 'TD', '{8}', '{8}', '{8}', '^(?:(?:22|[3689][0-9]|77)[0-9]{6})$', '236789', '^(?:00|16)', '01', null, null, null, null),
  ('236', 1, 'CF', '{8}', '{8}', '{8}', '^(?:8776[0-9]{4}|(?:[27][0-9]|61)[0-9]{6})$', '2678', '^(?:00)', '0', null, null, null, null),
  ('237', 1, 'CM', '{8,9}', '{8,9}', '{8,9}', '^(?:[26][0-9]{8}|88[0-9]{6,7})$', '268', '^(?:00)', '0', null, null, null, null),
  ('238', 1, 'CV', '{7}', '{7}', '{7}', '^(?:(?:[2-59][0-9][0-9]|800)[0-9]{4})$', '234589', '^(?:0)', '0', null, null, null, null),
  ('239', 1, 'ST', '{7}', '{7}', '{7}', '^(?:(?:22|9[0-9])[0-9]{5})$', '29', '^(?:00)', '0', null, null, null, null),
  ('240', 1, 'GQ', '{9}', '{9}', '{9}', '^(?:222[0-9]{6}|(?:3[0-9]|55|[89]0)[0-9]{7})$', '23589', '^(?:00)', '0', null, null, null, null),
  ('241', 1, 'GA', '{7,8}', '{7,8}', '{7,8}', '^(?:(?:[067][0-9]|11)[0-9]{6}|[2-7][0-9]{6})$', '01234567', '^(?:00)', '0', '^(0(11[0-9]{6}|60[0-9]{6}|61[0-9]{6}|6[256][0-9]{6}|7[467][0-9]{6}))', '0', '\2', null),
  ('242', 1, 'CG', '{9}', '{9}', '{9}', '^(?:222[0-9]{6}|(?:0[0-9]|80)[0-9]{7})$', '028', '^(?:00)', '0', null, null, null, null),
  ('243', 1, 'CD', '{7,8,9,10}', '{7,8,9,10}', '{7,8,9,10}', '^(?:(?:(?:[189]|5[0-9])[0-9]|2)[0-9]{7}|[1-68][0-9]{6})$', '12345689', '^(?:00)', '0', '^(0)', '0', null, null),
  ('244', 1, 'AO', '{9}', '{9}', '{9}', '^(?:[29][0-9]{8})$', '29', '^(?:00)', '0', null, null, null, null),
  ('245', 1, 'GW', '{7,9}', '{7,9}', '{7,9}', '^(?:[49][0-9]{8}|4[0-9]{6})$', '49', '^(?:00)', '0', null, null, null, null),
  ('246', 1, 'IO', '{7}', '{7}', '{7}', '^(?:3[0-9]{6})$', '3', '^(?:00)', '0', null, null, null, null),
  ('247', 1, 'AC', '{5,6}', '{5,6}', '{5,6}', '^(?:(?:[01589][0-9]|[2-467])[0-9]{4})$', '0123456789', '^(?:00)', '0', null, null, null, null),
  ('248', 1, 'SC', '{7}', '{7}', '{7}', '^(?:(?:[2489][0-9]|64)[0-9]{5})$', '24689', '^(?:010|0[0-2])', '0', null, null, null, null),
  ('249', 1, 'SD', '{9}', '{9}', '{9}', '^(?:[19][0-9]{8})$', '19', '^(?:00)', '0', '^(0)', '0', null, null),
  ('250', 1, 'RW', '{8,9}', '{8,9}', '{8,9}', '^(?:(?:06|[27][0-9][0-9]|[89]00)[0-9]{6})$', '02789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('251', 1, 'ET', '{9}', '{9}', '{9}', '^(?:(?:11|[2-57-9][0-9])[0-9]{7})$', '12345789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('252', 1, 'SO', '{6,7,8,9}', '{6,7,8,9}', '{6,7,8,9}', '^(?:[346-9][0-9]{8}|[12679][0-9]{7}|[1-5][0-9]{6}|[1348][0-9]{5})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('253', 1, 'DJ', '{8}', '{8}', '{8}', '^(?:(?:2[0-9]|77)[0-9]{6})$', '27', '^(?:00)', '0', null, null, null, null),
  ('254', 1, 'KE', '{7,8,9,10}', '{7,8,9,10}', '{7,8,9,10}', '^(?:(?:[17][0-9][0-9]|900)[0-9]{6}|(?:2|80)0[0-9]{6,7}|[4-6][0-9]{6,8})$', '12456789', '^(?:000)', '0', '^(0)', '0', null, null),
  ('255', 1, 'TZ', '{9}', '{9}', '{9}', '^(?:(?:[25-8][0-9]|41|90)[0-9]{7})$', '2456789', '^(?:00[056])', '0', '^(0)', '0', null, null),
  ('256', 1, 'UG', '{9}', '{9}', '{9}', '^(?:800[0-9]{6}|(?:[29]0|[347][0-9])[0-9]{7})$', '234789', '^(?:00[057])', '0', '^(0)', '0', null, null),
  ('257', 1, 'BI', '{8}', '{8}', '{8}', '^(?:(?:[267][0-9]|31)[0-9]{6})$', '2367', '^(?:00)', '0', null, null, null, null),
  ('258', 1, 'MZ', '{8,9}', '{8,9}', '{8,9}', '^(?:(?:2|8[0-9])[0-9]{7})$', '28', '^(?:00)', '0', null, null, null, null),
  ('260', 1, 'ZM', '{9}', '{9}', '{9}', '^(?:800[0-9]{6}|(?:21|[579][0-9]|63)[0-9]{7})$', '256789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('261', 1, 'MG', '{9}', '{9}', '{9}', '^(?:[23][0-9]{8})$', '23', '^(?:00)', '0', '^(([24-9][0-9]{6})$|0)', '02456789', '20\2', null),
  ('262', 1, 'RE', '{9}', '{9}', '{9}', '^(?:709[0-9]{6}|(?:26|[689][0-9])[0-9]{7})$', '26789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('262', 2, 'YT', '{9}', '{9}', '{9}', '^(?:(?:639[0-9]|7093)[0-9]{5}|(?:26|80|9[0-9])[0-9]{7})$', '26789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('263', 1, 'ZW', '{7,9,10}', '{7,9,10}', '{7,9,10}', '^(?:8[0-9]{6}(?:[0-9]{3})?|[235-8][0-9]{8})$', '235678', '^(?:00)', '0', '^(0)', '0', null, null),
  ('264', 1, 'NA', '{8,9}', '{8,9}', '{8,9}', '^(?:[68][0-9]{7,8})$', '68', '^(?:00)', '0', '^(0)', '0', null, null),
  ('265', 1, 'MW', '{7,9}', '{7,9}', '{7,9}', '^(?:(?:[1289][0-9]|31|77)[0-9]{7}|1[0-9]{6})$', '123789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('266', 1, 'LS', '{8}', '{8}', '{8}', '^(?:(?:[256][0-9][0-9]|800)[0-9]{5})$', '2568', '^(?:00)', '0', null, null, null, null),
  ('267', 1, 'BW', '{7,8,10}', '{7,8,10}', '{7,8,10}', '^(?:90[0-9]{5}|(?:0800|[2-6]|(?:7|800)[0-9])[0-9]{6})$', '023456789', '^(?:00)', '0', null, null, null, null),
  ('268', 1, 'SZ', '{8,9}', '{8,9}', '{8,9}', '^(?:0800[0-9]{4}|(?:[237][0-9]|900)[0-9]{6})$', '02379', '^(?:00)', '0', null, null, null, null),
  ('269', 1, 'KM', '{7}', '{7}', '{7}', '^(?:[3478][0-9]{6})$', '3478', '^(?:00)', '0', null, null, null, null),
  ('27', 1, 'ZA', '{5,6,7,8,9,10}', '{5,6,7,8,9,10}', '{5,6,7,8,9,10}', '^(?:[1-79][0-9]{8}|8[0-9]{4,9})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('290', 1, 'SH', '{4,5}', '{4}', '{4,5}', '^(?:(?:[2569][0-9]|8)[0-9]{3})$', '25689', '^(?:00)', '0', null, null, null, '^(?:[2569])'),
  ('290', 2, 'TA', '{4}', '{4}', '{4,5}', '^(?:8[0-9]{3})$', '8', '^(?:00)', '0', null, null, null, '^(?:8)'),
  ('291', 1, 'ER', '{7}', '{7}', '{7}', '^(?:[178][0-9]{6})$', '178', '^(?:00)', '0', '^(0)', '0', null, null),
  ('297', 1, 'AW', '{7}', '{7}', '{7}', '^(?:(?:[25-79][0-9][0-9]|800)[0-9]{4})$', '256789', '^(?:00)', '0', null, null, null, null),
  ('298', 1, 'FO', '{6}', '{6}', '{6}', '^(?:[2-9][0-9]{5})$', '23456789', '^(?:00)', '0', '^((10(?:01|[12]0|88)))', '1', null, null),
  ('299', 1, 'GL', '{6}', '{6}', '{6}', '^(?:(?:19|[2-689][0-9]|70)[0-9]{4})$', '123456789', '^(?:00)', '0', null, null, null, null),
  ('30', 1, 'GR', '{10,11,12}', '{10,11,12}', '{10,11,12}', '^(?:5005000[0-9]{3}|8[0-9]{9,11}|(?:[269][0-9]|70)[0-9]{8})$', '256789', '^(?:00)', '0', null, null, null, null),
  ('31', 1, 'NL', '{5,6,7,8,9,10,11}', '{5,6,7,8,9,10,11}', '{5,6,7,8,9,10,11}', '^(?:(?:[124-7][0-9][0-9]|3(?:[02-9][0-9]|1[0-8]))[0-9]{6}|8[0-9]{6,9}|9[0-9]{6,10}|1[0-9]{4,5})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('32', 1, 'BE', '{8,9}', '{8,9}', '{8,9}', '^(?:4[0-9]{8}|[1-9][0-9]{7})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('33', 1, 'FR', '{9}', '{9}', '{9}', '^(?:[1-9][0-9]{8})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('34', 1, 'ES', '{9}', '{9}', '{9}', '^(?:400[0-9]{6}|(?:51|[6-9][0-9])[0-9]{7})$', '456789', '^(?:00)', '0', null, null, null, null),
  ('350', 1, 'GI', '{8}', '{8}', '{8}', '^(?:(?:[25][0-9]|60)[0-9]{6})$', '256', '^(?:00)', '0', null, null, null, null),
  ('351', 1, 'PT', '{9}', '{9}', '{9}', '^(?:1693[0-9]{5}|(?:[26-9][0-9]|30)[0-9]{7})$', '1236789', '^(?:00)', '0', null, null, null, null),
  ('352', 1, 'LU', '{4,5,6,7,8,9,10,11}', '{4,5,6,7,8,9,10,11}', '{4,5,6,7,8,9,10,11}', '^(?:35[013-9][0-9]{4,8}|6[0-9]{8}|35[0-9]{2,4}|(?:[2457-9][0-9]|3[0-46-9])[0-9]{2,9})$', '23456789', '^(?:00)', '0', '^((15(?:0[06]|1[12]|[35]5|4[04]|6[26]|77|88|99)[0-9]))', '1', null, null),
  ('353', 1, 'IE', '{7,8,9,10}', '{7,8,9,10}', '{7,8,9,10}', '^(?:(?:1[0-9]|[2569])[0-9]{6,8}|4[0-9]{6,9}|7[0-9]{8}|8[0-9]{8,9})$', '12456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('354', 1, 'IS', '{7,9}', '{7,9}', '{7,9}', '^(?:(?:38[0-9]|[4-9])[0-9]{6})$', '3456789', '^(?:00|1(?:0(?:01|[12]0)|100))', '01', null, null, null, null),
  ('355', 1, 'AL', '{6,7,8,9}', '{6,7,8,9}', '{6,7,8,9}', '^(?:(?:700[0-9][0-9]|900)[0-9]{3}|8[0-9]{5,7}|(?:[2-5]|6[0-9])[0-9]{7})$', '23456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('356', 1, 'MT', '{8}', '{8}', '{8}', '^(?:3550[0-9]{4}|(?:[2579][0-9][0-9]|800)[0-9]{5})$', '235789', '^(?:00)', '0', null, null, null, null),
  ('357', 1, 'CY', '{8}', '{8}', '{8}', '^(?:(?:[279][0-9]|[58]0)[0-9]{6})$', '25789', '^(?:00)', '0', null, null, null, null),
  ('358', 1, 'FI', '{5,6,7,8,9,10,11,12}', '{5,6,7,8,9,10,11,12}', '{5,6,7,8,9,10,11,12}', '^(?:[1-35689][0-9]{4}|7[0-9]{10,11}|(?:[124-7][0-9]|3[0-46-9])[0-9]{8}|[1-9][0-9]{5,8})$', '123456789', '^(?:00|99(?:[01469]|5(?:[14]1|3[23]|5[59]|77|88|9[09])))', '09', '^(0)', '0', null, '^(?:1[03-79]|[2-9])'),
  ('358', 2, 'AX', '{5,6,7,8,9,10,11,12}', '{5,6,7,8,9,10,11,12}', '{5,6,7,8,9,10,11,12}', '^(?:2[0-9]{4,9}|35[0-9]{4,5}|(?:60[0-9][0-9]|800)[0-9]{4,6}|7[0-9]{5,11}|(?:[14][0-9]|3[0-46-9]|50)[0-9]{4,8})$', '12345678', '^(?:00|99(?:[01469]|5(?:[14]1|3[23]|5[59]|77|88|9[09])))', '09', '^(0)', '0', null, '^(?:18)'),
  ('359', 1, 'BG', '{6,7,8,9,12}', '{6,7,8,9,12}', '{6,7,8,9,12}', '^(?:00800[0-9]{7}|[2-7][0-9]{6,7}|[89][0-9]{6,8}|2[0-9]{5})$', '023456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('36', 1, 'HU', '{8,9}', '{8,9}', '{8,9}', '^(?:[235-7][0-9]{8}|[1-9][0-9]{7})$', '123456789', '^(?:00)', '0', '^(06)', '0', null, null),
  ('370', 1, 'LT', '{8}', '{8}', '{8}', '^(?:(?:[3469][0-9]|52|[78]0)[0-9]{6})$', '3456789', '^(?:00)', '0', '^([08])', '08', null, null),
  ('371', 1, 'LV', '{8}', '{8}', '{8}', '^(?:(?:[268][0-9]|78|90)[0-9]{6})$', '26789', '^(?:00)', '0', null, null, null, null),
  ('372', 1, 'EE', '{7,8,10}', '{7,8,10}', '{7,8,10}', '^(?:8[0-9]{9}|[4578][0-9]{7}|(?:[3-8][0-9]|90)[0-9]{5})$', '3456789', '^(?:00)', '0', null, null, null, null),
  ('373', 1, 'MD', '{8}', '{8}', '{8}', '^(?:(?:[235-7][0-9]|[89]0)[0-9]{6})$', '2356789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('374', 1, 'AM', '{8}', '{8}', '{8}', '^(?:(?:[1-489][0-9]|55|60|77)[0-9]{6})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('375', 1, 'BY', '{6,7,8,9,10,11}', '{6,7,8,9,10,11}', '{6,7,8,9,10,11}', '^(?:(?:[12][0-9]|33|44|902)[0-9]{7}|8(?:0[0-79][0-9]{5,7}|[1-7][0-9]{9})|8(?:1[0-489]|[5-79][0-9])[0-9]{7}|8[1-79][0-9]{6,7}|8[0-79][0-9]{5}|8[0-9]{5})$', '123489', '^(?:810)', '8', '^(0|80?)', '08', null, null),
  ('376', 1, 'AD', '{6,8,9}', '{6,8,9}', '{6,8,9}', '^(?:(?:1|6[0-9])[0-9]{7}|[135-9][0-9]{5})$', '1356789', '^(?:00)', '0', null, null, null, null),
  ('377', 1, 'MC', '{8,9}', '{8,9}', '{8,9}', '^(?:(?:[3489]|[67][0-9])[0-9]{7})$', '346789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('378', 1, 'SM', '{8,10}', '{8,10}', '{8,10}', '^(?:(?:0549|[5-7][0-9])[0-9]{6})$', '0567', '^(?:00)', '0', '^(([89][0-9]{5})$)', '89', '0549\2', null),
  ('380', 1, 'UA', '{9,10}', '{9,10}', '{9,10}', '^(?:[89][0-9]{9}|[3-9][0-9]{8})$', '3456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('381', 1, 'RS', '{6,7,8,9,10,11,12}', '{6,7,8,9,10,11,12}', '{6,7,8,9,10,11,12}', '^(?:38[02-9][0-9]{6,9}|6[0-9]{7,9}|90[0-9]{4,8}|38[0-9]{5,6}|(?:7[0-9][0-9]|800)[0-9]{3,9}|(?:[12][0-9]|3[0-79])[0-9]{5,10})$', '1236789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('382', 1, 'ME', '{8,9}', '{8,9}', '{8,9}', '^(?:(?:20|[3-79][0-9])[0-9]{6}|80[0-9]{6,7})$', '23456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('383', 1, 'XK', '{8,9,10,11,12}', '{8,9,10,11,12}', '{8,9,10,11,12}', '^(?:2[0-9]{7,8}|3[0-9]{7,11}|(?:4[0-9][0-9]|[89]00)[0-9]{5})$', '23489', '^(?:00)', '0', '^(0)', '0', null, null),
  ('385', 1, 'HR', '{7,8,9}', '{7,8,9}', '{7,8,9}', '^(?:[2-69][0-9]{8}|80[0-9]{5,7}|[1-79][0-9]{7}|6[0-9]{6})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('386', 1, 'SI', '{5,6,7,8}', '{5,6,7,8}', '{5,6,7,8}', '^(?:[1-7][0-9]{7}|8[0-9]{4,7}|90[0-9]{4,6})$', '123456789', '^(?:00|10(?:22|66|88|99))', '01', '^(0)', '0', null, null),
  ('387', 1, 'BA', '{8,9}', '{8,9}', '{8,9}', '^(?:6[0-9]{8}|(?:[35689][0-9]|49|70)[0-9]{6})$', '3456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('389', 1, 'MK', '{8}', '{8}', '{8}', '^(?:[2-578][0-9]{7})$', '234578', '^(?:00)', '0', '^(0)', '0', null, null),
  ('39', 1, 'IT', '{6,7,8,9,10,11,12}', '{6,7,8,9,10,11,12}', '{6,7,8,9,10,11,12}', '^(?:0[0-9]{5,11}|1[0-9]{8,10}|3(?:[0-8][0-9]{7,10}|9[0-9]{7,8})|(?:43|55|70)[0-9]{8}|8[0-9]{5}(?:[0-9]{2,4})?)$', '0134578', '^(?:00)', '0', null, null, null, null),
  ('39', 2, 'VA', '{6,7,8,9,10,11,12}', '{6,7,8,9,10,11,12}', '{6,7,8,9,10,11,12}', '^(?:0[0-9]{5,10}|3[0-8][0-9]{7,10}|55[0-9]{8}|8[0-9]{5}(?:[0-9]{2,4})?|(?:1[0-9]|39)[0-9]{7,8})$', '01358', '^(?:00)', '0', null, null, null, '^(?:06698)'),
  ('40', 1, 'RO', '{6,9}', '{6,9}', '{6,9}', '^(?:(?:[2378][0-9]|90)[0-9]{7}|[23][0-9]{5})$', '23789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('41', 1, 'CH', '{9,12}', '{9,12}', '{9,12}', '^(?:8[0-9]{11}|[2-9][0-9]{8})$', '23456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('420', 1, 'CZ', '{9,10,11,12}', '{9,10,11,12}', '{9,10,11,12}', '^(?:(?:[2-578][0-9]|60)[0-9]{7}|9[0-9]{8,11})$', '23456789', '^(?:00)', '0', null, null, null, null),
  ('421', 1, 'SK', '{6,7,9}', '{6,7,9}', '{6,7,9}', '^(?:[2-689][0-9]{8}|[2-59][0-9]{6}|[2-5][0-9]{5})$', '2345689', '^(?:00)', '0', '^(0)', '0', null, null),
  ('423', 1, 'LI', '{7,9}', '{7,9}', '{7,9}', '^(?:[68][0-9]{8}|(?:[2378][0-9]|90)[0-9]{5})$', '236789', '^(?:00)', '0', '^((1001)|0)', '01', null, null),
  ('43', 1, 'AT', '{4,5,6,7,8,9,10,11,12,13}', '{4,5,6,7,8,9,10,11,12,13}', '{4,5,6,7,8,9,10,11,12,13}', '^(?:1[0-9]{3,12}|2[0-9]{6,12}|43(?:(?:0[0-9]|5[02-9])[0-9]{3,9}|2[0-9]{4,5}|[3467][0-9]{4}|8[0-9]{4,6}|9[0-9]{4,7})|5[0-9]{4,12}|8[0-9]{7,12}|9[0-9]{8,12}|(?:[367][0-9]|4[0-24-9])[0-9]{4,11})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('44', 1, 'GB', '{7,9,10}', '{10}', '{7,9,10}', '^(?:[1-357-9][0-9]{9}|[18][0-9]{8}|8[0-9]{6})$', '1235789', '^(?:00)', '0', '^(0|180020)', '01', null, null),
  ('44', 2, 'GG', '{7,9,10}', '{10}', '{7,9,10}', '^(?:(?:1481|[357-9][0-9]{3})[0-9]{6}|8[0-9]{6}(?:[0-9]{2})?)$', '135789', '^(?:00)', '0', '^(([25-9][0-9]{5})$|0|180020)', '01256789', '1481\2', null),
  ('44', 3, 'IM', '{10}', '{10}', '{7,9,10}', '^(?:1624[0-9]{6}|(?:[3578][0-9]|90)[0-9]{8})$', '135789', '^(?:00)', '0', '^(([25-8][0-9]{5})$|0|180020)', '0125678', '1624\2', '^(?:74576|(?:16|7[56])24)'),
  ('44', 4, 'JE', '{10}', '{10}', '{7,9,10}', '^(?:1534[0-9]{6}|(?:[3578][0-9]|90)[0-9]{8})$', '135789', '^(?:00)', '0', '^(([0-24-8][0-9]{5})$|0|180020)', '01245678', '1534\2', null),
  ('45', 1, 'DK', '{8}', '{8}', '{8}', '^(?:[2-9][0-9]{7})$', '23456789', '^(?:00)', '0', null, null, null, null),
  ('46', 1, 'SE', '{6,7,8,9,10,12}', '{6,7,8,9,10,12}', '{6,7,8,9,10,12}', '^(?:(?:[26][0-9][0-9]|9)[0-9]{9}|[1-9][0-9]{8}|[1-689][0-9]{7}|[1-4689][0-9]{6}|2[0-9]{5})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('47', 1, 'NO', '{5,8}', '{5,8}', '{5,8}', '^(?:(?:0|[2-9][0-9]{3})[0-9]{4})$', '023456789', '^(?:00)', '0', null, null, null, '^(?:[02-689]|7[0-8])'),
  ('47', 2, 'SJ', '{5,8}', '{5,8}', '{5,8}', '^(?:0[0-9]{4}|(?:[489][0-9]|79)[0-9]{6})$', '04789', '^(?:00)', '0', null, null, null, '^(?:79)'),
  ('48', 1, 'PL', '{6,7,8,9,10}', '{6,7,8,9,10}', '{6,7,8,9,10}', '^(?:(?:6|8[0-9][0-9])[0-9]{7}|[1-9][0-9]{6}(?:[0-9]{2})?|[26][0-9]{5})$', '123456789', '^(?:00)', '0', null, null, null, null),
  ('49', 1, 'DE', '{4,5,6,7,8,9,10,11,12,13,14,15}', '{4,5,6,7,8,9,10,11,12,13,14,15}', '{4,5,6,7,8,9,10,11,12,13,14,15}', '^(?:[2579][0-9]{5,14}|49(?:[34]0|69|8[0-9])[0-9][0-9]?|49(?:37|49|60|7[089]|9[0-9])[0-9]{1,3}|49(?:2[024-9]|3[2-689]|7[1-7])[0-9]{1,8}|(?:1|[368][0-9]|4[0-8])[0-9]{3,13}|49(?:[015][0-9]|2[13]|31|[46][1-8])[0-9]{1,9})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('500', 1, 'FK', '{5}', '{5}', '{5}', '^(?:[2-7][0-9]{4})$', '234567', '^(?:00)', '0', null, null, null, null),
  ('501', 1, 'BZ', '{7,11}', '{7,11}', '{7,11}', '^(?:(?:0800[0-9]|[2-8])[0-9]{6})$', '02345678', '^(?:00)', '0', null, null, null, null),
  ('502', 1, 'GT', '{8,11}', '{8,11}', '{8,11}', '^(?:80[0-9]{6}|(?:1[0-9]{3}|[2-7])[0-9]{7})$', '12345678', '^(?:00)', '0', null, null, null, null),
  ('503', 1, 'SV', '{7,8,11}', '{7,8,11}', '{7,8,11}', '^(?:[25-7][0-9]{7}|(?:80[0-9]|900)[0-9]{4}(?:[0-9]{4})?)$', '256789', '^(?:00)', '0', null, null, null, null),
  ('504', 1, 'HN', '{8,11}', '{8,11}', '{8,11}', '^(?:8[0-9]{10}|[237-9][0-9]{7})$', '23789', '^(?:00)', '0', null, null, null, null),
  ('505', 1, 'NI', '{8}', '{8}', '{8}', '^(?:(?:1800|[25-8][0-9]{3})[0-9]{4})$', '125678', '^(?:00)', '0', null, null, null, null),
  ('506', 1, 'CR', '{8,10}', '{8,10}', '{8,10}', '^(?:(?:8[0-9]|90)[0-9]{8}|(?:[24-8][0-9]{3}|3005)[0-9]{4})$', '23456789', '^(?:00)', '0', '^((19(?:0[0-2468]|1[09]|20|66|77|99)))', '1', null, null),
  ('507', 1, 'PA', '{7,8,10,11}', '{7,8,10,11}', '{7,8,10,11}', '^(?:(?:00800|8[0-9]{3})[0-9]{6}|[68][0-9]{7}|[1-57-9][0-9]{6})$', '0123456789', '^(?:00)', '0', null, null, null, null),
  ('508', 1, 'PM', '{6,9}', '{6,9}', '{6,9}', '^(?:[78][0-9]{8}|[2-9][0-9]{5})$', '23456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('509', 1, 'HT', '{8}', '{8}', '{8}', '^(?:[2-589][0-9]{7})$', '234589', '^(?:00)', '0', null, null, null, null),
  ('51', 1, 'PE', '{8,9}', '{8,9}', '{8,9}', '^(?:(?:[14-8]|9[0-9])[0-9]{7})$', '1456789', '^(?:00|19(?:1[124]|77|90)00)', '01', '^(0)', '0', null, null),
  ('52', 1, 'MX', '{10}', '{10}', '{10}', '^(?:[2-9][0-9]{9})$', '23456789', '^(?:0[09])', '0', null, null, null, null),
  ('53', 1, 'CU', '{6,7,8,10}', '{6,7,8,10}', '{6,7,8,10}', '^(?:(?:[2-7]|8[0-9][0-9])[0-9]{7}|[2-47][0-9]{6}|[34][0-9]{5})$', '2345678', '^(?:119)', '1', '^(0)', '0', null, null),
  ('54', 1, 'AR', '{10,11}', '{10,11}', '{10,11}', '^(?:(?:11|[89][0-9][0-9])[0-9]{8}|[2368][0-9]{9})$', '123689', '^(?:00)', '0', '^(0?(?:(11|2(?:2(?:02?|[13]|2[13-79]|4[1-6]|5[2457]|6[124-8]|7[1-4]|8[13-6]|9[1267])|3(?:02?|1[467]|2[03-6]|3[13-8]|[49][2-6]|5[2-8]|[67])|4(?:7[3-578]|9)|6(?:[0136]|2[24-6]|4[6-8]?|5[15-8])|80|9(?:0[1-3]|[19]|2[0-9]|3[1-6]|4[02568]?|5[2-4]|6[2-46]|72?|8[23]?))|3(?:3(?:2[79]|6|8[2578])|4(?:0[0-24-9]|[12]|3[5-8]?|4[24-7]|5[4-68]?|6[02-9]|7[126]|8[2379]?|9[1-36-8])|5(?:1|2[1245]|3[237]?|4[1-46-9]|6[2-4]|7[1-6]|8[2-5]?)|6[24]|7(?:[069]|1[1568]|2[15]|3[145]|4[13]|5[14-8]|7[2-57]|8[126])|8(?:[01]|2[15-7]|3[2578]?|4[13-6]|5[4-8]?|6[1-357-9]|7[36-8]?|8[5-8]?|9[124])))15)?)', '0123', '9\2', null),
  ('55', 1, 'BR', '{8,9,10,11}', '{8,9,10,11}', '{8,9,10,11}', '^(?:[1-467][0-9]{9,10}|55[0-46-9][0-9]{8}|[34][0-9]{7}|55[0-9]{7,8}|(?:5[0-46-9]|[89][0-9])[0-9]{7,9})$', '123456789', '^(?:00(?:1[245]|2[1-35]|31|4[13]|[56]5|99))', '0', '^((?:0|90)(?:(1[245]|2[1-35]|31|4[13]|[56]5|99)([0-9]{10,11}))?)', '09', '\3', null),
  ('56', 1, 'CL', '{9,10,11}', '{9,10,11}', '{9,10,11}', '^(?:12300[0-9]{6}|6[0-9]{9,10}|[2-9][0-9]{8})$', '123456789', '^(?:(?:0|1(?:1[0-69]|2[02-5]|5[13-58]|69|7[0167]|8[018]))0)', '01', null, null, null, null),
  ('57', 1, 'CO', '{8,10,11}', '{8,10,11}', '{8,10,11}', '^(?:(?:46|60[0-9][0-9])[0-9]{6}|(?:1[0-9]|[39])[0-9]{9})$', '13469', '^(?:00(?:4(?:[14]4|56)|[579]))', '0', '^(0([3579]|4(?:[14]4|56))?)', '0', null, null),
  ('58', 1, 'VE', '{10}', '{10}', '{10}', '^(?:[68]00[0-9]{7}|(?:[24][0-9]|[59]0)[0-9]{8})$', '245689', '^(?:00)', '0', '^(0)', '0', null, null),
  ('590', 1, 'GP', '{9}', '{9}', '{9}', '^(?:7090[0-9]{5}|(?:[56]9|[89][0-9])[0-9]{7})$', '56789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('590', 2, 'BL', '{9}', '{9}', '{9}', '^(?:7090[0-9]{5}|(?:[56]9|[89][0-9])[0-9]{7})$', '56789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('590', 3, 'MF', '{9}', '{9}', '{9}', '^(?:7090[0-9]{5}|(?:[56]9|[89][0-9])[0-9]{7})$', '56789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('591', 1, 'BO', '{8,9}', '{8,9}', '{8,9}', '^(?:(?:[2-7][0-9][0-9]|8001)[0-9]{5})$', '2345678', '^(?:00(?:1[0-9])?)', '0', '^(0(1[0-9])?)', '0', null, null),
  ('592', 1, 'GY', '{7}', '{7}', '{7}', '^(?:(?:[2-8][0-9]{3}|9008)[0-9]{3})$', '23456789', '^(?:001)', '0', null, null, null, null),
  ('593', 1, 'EC', '{8,9,10,11}', '{8,9,10,11}', '{8,9,10,11}', '^(?:1[0-9]{9,10}|(?:[2-7]|9[0-9])[0-9]{7})$', '12345679', '^(?:00)', '0', '^(0)', '0', null, null),
  ('594', 1, 'GF', '{9}', '{9}', '{9}', '^(?:(?:694[0-9]|7093)[0-9]{5}|(?:59|[89][0-9])[0-9]{7})$', '56789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('595', 1, 'PY', '{6,7,8,9,10,11}', '{6,7,8,9,10,11}', '{6,7,8,9,10,11}', '^(?:[36-8][0-9]{5,8}|4[0-9]{6,8}|59[0-9]{6}|9[0-9]{5,10}|(?:2[0-9]|5[0-8])[0-9]{6,7})$', '23456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('596', 1, 'MQ', '{9}', '{9}', '{9}', '^(?:7091[0-9]{5}|(?:[56]9|[89][0-9])[0-9]{7})$', '56789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('597', 1, 'SR', '{6,7}', '{6,7}', '{6,7}', '^(?:(?:[2-5]|[6-9][0-9])[0-9]{5})$', '23456789', '^(?:00)', '0', null, null, null, null),
  ('598', 1, 'UY', '{4,5,6,7,8,9,10,11,12,13}', '{4,5,6,7,8,9,10,11,12,13}', '{4,5,6,7,8,9,10,11,12,13}', '^(?:0004[0-9]{2,9}|[1249][0-9]{7}|2[0-9]{3,4}|(?:[49][0-9]|80)[0-9]{5})$', '012489', '^(?:0(?:0|1[3-9][0-9]))', '0', '^(0)', '0', null, null),
  ('599', 1, 'CW', '{7,8}', '{7}', '{7,8}', '^(?:(?:[34]1|60|(?:7|9[0-9])[0-9])[0-9]{5})$', '34679', '^(?:00)', '0', null, null, null, '^(?:[69])'),
  ('599', 2, 'BQ', '{7}', '{7}', '{7,8}', '^(?:(?:[34]1|7[0-9])[0-9]{5})$', '347', '^(?:00)', '0', null, null, null, '^(?:[347])'),
  ('60', 1, 'MY', '{8,9,10}', '{8,9,10}', '{8,9,10}', '^(?:1[0-9]{8,9}|(?:3[0-9]|[4-9])[0-9]{7})$', '13456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('61', 1, 'AU', '{5,6,7,8,9,10,12}', '{6,7,8,9,10,12}', '{5,6,7,8,9,10,12}', '^(?:1(?:[0-79][0-9]{7}(?:[0-9](?:[0-9]{2})?)?|8[0-24-9][0-9]{7})|[2-478][0-9]{8}|1[0-9]{4,7})$', '123478', '^(?:001[14-689]|14(?:1[14]|34|4[17]|[56]6|7[47]|88)0011)', '01', '^((183[12])|0)', '01', null, null),
  ('61', 2, 'CC', '{6,7,8,9,10,12}', '{6,7,8,9,10,12}', '{5,6,7,8,9,10,12}', '^(?:1(?:[0-79][0-9]{8}(?:[0-9]{2})?|8[0-24-9][0-9]{7})|[148][0-9]{8}|1[0-9]{5,7})$', '148', '^(?:001[14-689]|14(?:1[14]|34|4[17]|[56]6|7[47]|88)0011)', '01', '^(([59][0-9]{7})$|0)', '059', '8\2', null),
  ('61', 3, 'CX', '{6,7,8,9,10,12}', '{6,7,8,9,10,12}', '{5,6,7,8,9,10,12}', '^(?:1(?:[0-79][0-9]{8}(?:[0-9]{2})?|8[0-24-9][0-9]{7})|[148][0-9]{8}|1[0-9]{5,7})$', '148', '^(?:001[14-689]|14(?:1[14]|34|4[17]|[56]6|7[47]|88)0011)', '01', '^(([59][0-9]{7})$|0)', '059', '8\2', null),
  ('62', 1, 'ID', '{7,8,9,10,11,12,13,14,15,16,17}', '{7,8,9,10,11,12,13,14,15,16,17}', '{7,8,9,10,11,12,13,14,15,16,17}', '^(?:00[1-9][0-9]{9,14}|(?:[1-36]|8[0-9]{5})[0-9]{6}|00[0-9]{9}|[1-9][0-9]{8,10}|[2-9][0-9]{7})$', '0123456789', '^(?:00[89])', '0', '^(0)', '0', null, null),
  ('63', 1, 'PH', '{6,8,9,10,11,12,13}', '{6,8,9,10,11,12,13}', '{6,8,9,10,11,12,13}', '^(?:(?:[2-7]|9[0-9])[0-9]{8}|2[0-9]{5}|(?:1800|8)[0-9]{7,9})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('64', 1, 'NZ', '{5,6,7,8,9,10}', '{5,6,7,8,9,10}', '{5,6,7,8,9,10}', '^(?:[1289][0-9]{9}|50[0-9]{5}(?:[0-9]{2,3})?|[27-9][0-9]{7,8}|(?:[34][0-9]|6[0-35-9])[0-9]{6}|8[0-9]{4,6})$', '123456789', '^(?:0(?:0|161))', '0', '^(0)', '0', null, null),
  ('65', 1, 'SG', '{8,10,11}', '{8,10,11}', '{8,10,11}', '^(?:(?:(?:1[0-9]|8)[0-9][0-9]|7000)[0-9]{7}|[3689][0-9]{7})$', '136789', '^(?:0[0-3][0-9])', '0', null, null, null, null),
  ('66', 1, 'TH', '{8,9,10,13}', '{8,9,10,13}', '{8,9,10,13}', '^(?:(?:001800|[2-57]|[689][0-9])[0-9]{7}|1[0-9]{7,9})$', '0123456789', '^(?:00[1-9])', '0', '^(0)', '0', null, null),
  ('670', 1, 'TL', '{7,8}', '{7,8}', '{7,8}', '^(?:7[0-9]{7}|(?:[2-47][0-9]|[89]0)[0-9]{5})$', '234789', '^(?:00)', '0', null, null, null, null),
  ('672', 1, 'NF', '{6}', '{6}', '{6}', '^(?:[13][0-9]{5})$', '13', '^(?:00)', '0', '^(([0-258][0-9]{4})$)', '01258', '3\2', null),
  ('673', 1, 'BN', '{7}', '{7}', '{7}', '^(?:[2-578][0-9]{6})$', '234578', '^(?:00)', '0', null, null, null, null),
  ('674', 1, 'NR', '{7}', '{7}', '{7}', '^(?:(?:222|444|(?:55|8[0-9])[0-9]|666|777|999)[0-9]{4})$', '2456789', '^(?:00)', '0', null, null, null, null),
  ('675', 1, 'PG', '{7,8}', '{7,8}', '{7,8}', '^(?:(?:180|[78][0-9]{3})[0-9]{4}|(?:[2-589][0-9]|64)[0-9]{5})$', '123456789', '^(?:00|140[1-3])', '01', null, null, null, null),
  ('676', 1, 'TO', '{5,7}', '{5,7}', '{5,7}', '^(?:(?:0800|(?:[5-8][0-9][0-9]|999)[0-9])[0-9]{3}|[2-8][0-9]{4})$', '023456789', '^(?:00)', '0', null, null, null, null),
  ('677', 1, 'SB', '{5,7}', '{5,7}', '{5,7}', '^(?:[6-9][0-9]{6}|[1-6][0-9]{4})$', '123456789', '^(?:0[01])', '0', null, null, null, null),
  ('678', 1, 'VU', '{5,7}', '{5,7}', '{5,7}', '^(?:[57-9][0-9]{6}|(?:[238][0-9]|48)[0-9]{3})$', '2345789', '^(?:00)', '0', null, null, null, null),
  ('679', 1, 'FJ', '{7,11}', '{7,11}', '{7,11}', '^(?:45[0-9]{5}|(?:0800[0-9]|[235-9])[0-9]{6})$', '023456789', '^(?:0(?:0|52))', '0', null, null, null, null),
  ('680', 1, 'PW', '{7}', '{7}', '{7}', '^(?:(?:[24-8][0-9][0-9]|345|900)[0-9]{4})$', '23456789', '^(?:01[12])', '0', null, null, null, null),
  ('681', 1, 'WF', '{6,9}', '{6,9}', '{6,9}', '^(?:(?:40|72|8[0-9]{4})[0-9]{4}|[89][0-9]{5})$', '4789', '^(?:00)', '0', null, null, null, null),
  ('682', 1, 'CK', '{5}', '{5}', '{5}', '^(?:[2-578][0-9]{4})$', '234578', '^(?:00)', '0', null, null, null, null),
  ('683', 1, 'NU', '{4,7}', '{4,7}', '{4,7}', '^(?:(?:[4-7]|888[0-9])[0-9]{3})$', '45678', '^(?:00)', '0', null, null, null, null),
  ('685', 1, 'WS', '{5,6,7,10}', '{5,6,7,10}', '{5,6,7,10}', '^(?:(?:[2-6]|8[0-9]{5})[0-9]{4}|[78][0-9]{6}|[68][0-9]{5})$', '2345678', '^(?:0)', '0', null, null, null, null),
  ('686', 1, 'KI', '{5,8}', '{5,8}', '{5,8}', '^(?:(?:[37][0-9]|6[0-79])[0-9]{6}|(?:[2-48][0-9]|50)[0-9]{3})$', '2345678', '^(?:00)', '0', '^(0)', '0', null, null),
  ('687', 1, 'NC', '{6}', '{6}', '{6}', '^(?:(?:050|[2-57-9][0-9][0-9])[0-9]{3})$', '02345789', '^(?:00)', '0', null, null, null, null),
  ('688', 1, 'TV', '{5,6,7}', '{5,6,7}', '{5,6,7}', '^(?:(?:2|7[0-9][0-9]|90)[0-9]{4})$', '279', '^(?:00)', '0', null, null, null, null),
  ('689', 1, 'PF', '{6,8,9}', '{6,8,9}', '{6,8,9}', '^(?:4[0-9]{5}(?:[0-9]{2})?|8[0-9]{7,8})$', '48', '^(?:00)', '0', null, null, null, null),
  ('690', 1, 'TK', '{4,5,6,7}', '{4,5,6,7}', '{4,5,6,7}', '^(?:[2-47][0-9]{3,6})$', '2347', '^(?:00)', '0', null, null, null, null),
  ('691', 1, 'FM', '{7}', '{7}', '{7}', '^(?:(?:[39][0-9][0-9]|820)[0-9]{4})$', '389', '^(?:00)', '0', null, null, null, null),
  ('692', 1, 'MH', '{7}', '{7}', '{7}', '^(?:329[0-9]{4}|(?:[256][0-9]|45)[0-9]{5})$', '23456', '^(?:011)', '0', '^(1)', '1', null, null),
  ('7', 1, 'RU', '{10,14}', '{10,14}', '{10,14}', '^(?:8[0-9]{13}|[347-9][0-9]{9})$', '34789', '^(?:810)', '8', '^(8)', '8', null, '^(?:[3489])'),
  ('7', 2, 'KZ', '{10,14}', '{10,14}', '{10,14}', '^(?:8[0-9]{13}|[78][0-9]{9})$', '78', '^(?:810)', '8', '^(8)', '8', null, '^(?:7)'),
  ('800', 1, null, '{8}', '{8}', '{8}', '^(?:(?:00|[1-9][0-9])[0-9]{6})$', '0123456789', null, null, null, null, null, null),
  ('808', 1, null, '{8}', '{8}', '{8}', '^(?:[1-9][0-9]{7})$', '123456789', null, null, null, null, null, null),
  ('81', 1, 'JP', '{8,9,10,11,12,13,14,15,16,17}', '{8,9,10,11,12,13,14,15,16,17}', '{8,9,10,11,12,13,14,15,16,17}', '^(?:00[1-9][0-9]{6,14}|[25-9][0-9]{9}|(?:00|[1-9][0-9][0-9])[0-9]{6})$', '0123456789', '^(?:010)', '0', '^((000[2569][0-9]{4,6})$|(?:(?:003768)0?)|0)', '0', '\2', null),
  ('82', 1, 'KR', '{5,6,8,9,10,11,12,13,14}', '{5,6,8,9,10,11,12,13,14}', '{5,6,8,9,10,11,12,13,14}', '^(?:00[1-9][0-9]{8,11}|(?:[12]|5[0-9]{3})[0-9]{7}|[13-6][0-9]{9}|(?:[1-6][0-9]|80)[0-9]{7}|[3-6][0-9]{4,5}|(?:00|7)0[0-9]{8})$', '012345678', '^(?:00(?:[125689]|3(?:[46]5|91)|7(?:00|27|3|55|6[126])))', '0', '^(0(8(?:[1-46-8]|5[0-9][0-9]))?)', '0', null, null),
  ('84', 1, 'VN', '{7,8,9,10}', '{7,8,9,10}', '{7,8,9,10}', '^(?:[12][0-9]{9}|[135-9][0-9]{8}|[16][0-9]{6,7}|7[0-9]{6})$', '12356789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('850', 1, 'KP', '{8,10}', '{8,10}', '{8,10}', '^(?:85[0-9]{6}|(?:19[0-9]|[2-7])[0-9]{7})$', '12345678', '^(?:00|99)', '09', '^(0)', '0', null, null),
  ('852', 1, 'HK', '{5,6,7,8,9,11}', '{5,6,7,8,9,11}', '{5,6,7,8,9,11}', '^(?:8[0-46-9][0-9]{6,7}|9[0-9]{4,7}|(?:[2-7]|9[0-9]{3})[0-9]{7})$', '23456789', '^(?:00(?:30|5[09]|[126-9]?))', '0', null, null, null, null),
  ('853', 1, 'MO', '{7,8}', '{7,8}', '{7,8}', '^(?:0800[0-9]{3}|(?:28|[68][0-9])[0-9]{6})$', '0268', '^(?:00)', '0', null, null, null, null),
  ('855', 1, 'KH', '{8,9,10}', '{8,9,10}', '{8,9,10}', '^(?:1[0-9]{9}|[1-9][0-9]{7,8})$', '123456789', '^(?:00[14-9])', '0', '^(0)', '0', null, null),
  ('856', 1, 'LA', '{8,9,10}', '{8,9,10}', '{8,9,10}', '^(?:(?:2[0-9]|3)[0-9]{8}|(?:[235-8][0-9]|41)[0-9]{6})$', '2345678', '^(?:00)', '0', '^(0)', '0', null, null),
  ('86', 1, 'CN', '{7,8,9,10,11,12}', '{7,8,9,10,11,12}', '{7,8,9,10,11,12}', '^(?:(?:(?:1[03-689]|2[0-9])[0-9][0-9]|6)[0-9]{8}|1[0-9]{10}|[126][0-9]{6}(?:[0-9](?:[0-9]{2})?)?|86[0-9]{5,6}|(?:[3-579][0-9]|8[0-57-9])[0-9]{5,9})$', '123456789', '^(?:00|1(?:[12][0-9]|79)[0-9][0-9]00)', '01', '^((1(?:[12][0-9]|79)[0-9][0-9])|0)', '01', null, null),
  ('870', 1, null, '{9,12}', '{9,12}', '{9,12}', '^(?:7[0-9]{11}|[235-7][0-9]{8})$', '23567', null, null, null, null, null, null),
  ('878', 1, null, '{12}', '{12}', '{12}', '^(?:10[0-9]{10})$', '1', null, null, null, null, null, null),
  ('880', 1, 'BD', '{6,7,8,9,10}', '{6,7,8,9,10}', '{6,7,8,9,10}', '^(?:[1-469][0-9]{9}|8[0-79][0-9]{7,8}|[2-79][0-9]{8}|[2-9][0-9]{7}|[3-9][0-9]{6}|[57-9][0-9]{5})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('881', 1, null, '{9,10}', '{9,10}', '{9,10}', '^(?:6[0-9]{9}|[0-36-9][0-9]{8})$', '01236789', null, null, null, null, null, null),
  ('882', 1, null, '{7,8,9,10,11,12}', '{7,8,9,10,11,12}', '{7,8,9,10,11,12}', '^(?:[13][0-9]{6}(?:[0-9]{2,5})?|[19][0-9]{7}|(?:[25][0-9][0-9]|4)[0-9]{7}(?:[0-9]{2})?)$', '123459', null, null, null, null, null, null),
  ('883', 1, null, '{8,9,10,11,12}', '{8,9,10,11,12}', '{8,9,10,11,12}', '^(?:(?:[1-4][0-9]|51)[0-9]{6,10})$', '12345', null, null, null, null, null, null),
  ('886', 1, 'TW', '{7,8,9,10,11}', '{7,8,9,10,11}', '{7,8,9,10,11}', '^(?:[2-689][0-9]{8}|7[0-9]{9,10}|[2-8][0-9]{7}|2[0-9]{6})$', '23456789', '^(?:0(?:0[25-79]|19))', '0', '^(0)', '0', null, null),
  ('888', 1, null, '{11}', '{11}', '{11}', '^(?:[0-9]{11})$', '0123456789', null, null, null, null, null, null),
  ('90', 1, 'TR', '{7,10,12,13}', '{7,10,12,13}', '{7,10,12,13}', '^(?:4[0-9]{6}|8[0-9]{11,12}|(?:[2-58][0-9][0-9]|900)[0-9]{7})$', '234589', '^(?:00)', '0', '^(0)', '0', null, null),
  ('91', 1, 'IN', '{8,9,10,11,12,13}', '{8,9,10,11,12,13}', '{8,9,10,11,12,13}', '^(?:(?:000800|[2-9][0-9][0-9])[0-9]{7}|1[0-9]{7,12})$', '0123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('92', 1, 'PK', '{8,9,10,11,12}', '{8,9,10,11,12}', '{8,9,10,11,12}', '^(?:122[0-9]{6}|[24-8][0-9]{10,11}|9(?:[013-9][0-9]{8,10}|2(?:[01][0-9][0-9]|2(?:[06-8][0-9]|1[01]))[0-9]{7})|(?:[2-8][0-9]{3}|92(?:[0-7][0-9]|8[1-9]))[0-9]{6}|[24-9][0-9]{8}|[89][0-9]{7})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('93', 1, 'AF', '{9}', '{9}', '{9}', '^(?:[2-7][0-9]{8})$', '234567', '^(?:00)', '0', '^(0)', '0', null, null),
  ('94', 1, 'LK', '{9}', '{9}', '{9}', '^(?:[1-9][0-9]{8})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('95', 1, 'MM', '{6,7,8,9,10}', '{6,7,8,9,10}', '{6,7,8,9,10}', '^(?:1[0-9]{5,7}|95[0-9]{6}|(?:[4-7]|9[0-46-9])[0-9]{6,8}|(?:2|8[0-9])[0-9]{5,8})$', '12456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('960', 1, 'MV', '{7,10}', '{7,10}', '{7,10}', '^(?:(?:800|9[0-57-9][0-9])[0-9]{7}|[34679][0-9]{6})$', '346789', '^(?:0(?:0|19))', '0', null, null, null, null),
  ('961', 1, 'LB', '{7,8}', '{7,8}', '{7,8}', '^(?:[27-9][0-9]{7}|[13-9][0-9]{6})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('962', 1, 'JO', '{8,9}', '{8,9}', '{8,9}', '^(?:(?:(?:[2689]|7[0-9])[0-9]|32|427|53)[0-9]{6})$', '23456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('963', 1, 'SY', '{8,9}', '{8,9}', '{8,9}', '^(?:[1-359][0-9]{8}|[1-5][0-9]{7})$', '123459', '^(?:00)', '0', '^(0)', '0', null, null),
  ('964', 1, 'IQ', '{8,9,10}', '{8,9,10}', '{8,9,10}', '^(?:(?:1|7[0-9][0-9])[0-9]{7}|[2-6][0-9]{7,8})$', '1234567', '^(?:00)', '0', '^(0)', '0', null, null),
  ('965', 1, 'KW', '{7,8}', '{7,8}', '{7,8}', '^(?:18[0-9]{5}|(?:[2569][0-9]|41)[0-9]{6})$', '124569', '^(?:00)', '0', null, null, null, null),
  ('966', 1, 'SA', '{9,10}', '{9,10}', '{9,10}', '^(?:(?:[15][0-9]|800|92)[0-9]{7})$', '1589', '^(?:00)', '0', '^(0)', '0', null, null),
  ('967', 1, 'YE', '{7,8,9}', '{7,8,9}', '{7,8,9}', '^(?:(?:1|7[0-9])[0-9]{7}|[1-7][0-9]{6})$', '1234567', '^(?:00)', '0', '^(0)', '0', null, null),
  ('968', 1, 'OM', '{7,8,9}', '{7,8,9}', '{7,8,9}', '^(?:(?:1505|[279][0-9]{3}|500)[0-9]{4}|800[0-9]{5,6})$', '125789', '^(?:00)', '0', null, null, null, null),
  ('970', 1, 'PS', '{8,9,10}', '{8,9,10}', '{8,9,10}', '^(?:[2489]2[0-9]{6}|(?:1[0-9]|5)[0-9]{8})$', '124589', '^(?:00)', '0', '^(0)', '0', null, null),
  ('971', 1, 'AE', '{5,6,7,8,9,10,11,12}', '{5,6,7,8,9,10,11,12}', '{5,6,7,8,9,10,11,12}', '^(?:(?:[4-7][0-9]|9[0-689])[0-9]{7}|800[0-9]{2,9}|[2-4679][0-9]{7})$', '23456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('972', 1, 'IL', '{7,8,9,10,11,12}', '{7,8,9,10,11,12}', '{7,8,9,10,11,12}', '^(?:1[0-9]{6}(?:[0-9]{3,5})?|[57][0-9]{8}|[1-489][0-9]{7})$', '12345789', '^(?:0(?:0|1(?:05|[2-9])))', '0', '^(0)', '0', null, null),
  ('973', 1, 'BH', '{8}', '{8}', '{8}', '^(?:[136-9][0-9]{7})$', '136789', '^(?:00)', '0', null, null, null, null),
  ('974', 1, 'QA', '{7,8,9,11}', '{7,8,9,11}', '{7,8,9,11}', '^(?:800[0-9]{4}|(?:2|800)[0-9]{6}|(?:0080|[3-7])[0-9]{7})$', '02345678', '^(?:00)', '0', null, null, null, null),
  ('975', 1, 'BT', '{7,8}', '{7,8}', '{7,8}', '^(?:[178][0-9]{7}|[2-8][0-9]{6})$', '12345678', '^(?:00)', '0', null, null, null, null),
  ('976', 1, 'MN', '{8,9,10}', '{8,9,10}', '{8,9,10}', '^(?:[12][0-9]{7,9}|[5-9][0-9]{7})$', '1256789', '^(?:001)', '0', '^(0)', '0', null, null),
  ('977', 1, 'NP', '{8,10,11}', '{8,10,11}', '{8,10,11}', '^(?:(?:1[0-9]|9)[0-9]{9}|[1-9][0-9]{7})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('979', 1, null, '{9}', '{9}', '{9}', '^(?:[1359][0-9]{8})$', '1359', null, null, null, null, null, null),
  ('98', 1, 'IR', '{4,5,6,7,10}', '{4,5,6,7,10}', '{4,5,6,7,10}', '^(?:[1-9][0-9]{9}|(?:[1-8][0-9][0-9]|9)[0-9]{3,4})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('992', 1, 'TJ', '{9}', '{9}', '{9}', '^(?:(?:[0-57-9][0-9]|66)[0-9]{7})$', '0123456789', '^(?:810)', '8', null, null, null, null),
  ('993', 1, 'TM', '{8}', '{8}', '{8}', '^(?:[1-7][0-9]{7})$', '1234567', '^(?:810)', '8', '^(8)', '8', null, null),
  ('994', 1, 'AZ', '{9}', '{9}', '{9}', '^(?:365[0-9]{6}|(?:[124579][0-9]|60|88)[0-9]{7})$', '123456789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('995', 1, 'GE', '{9}', '{9}', '{9}', '^(?:(?:[3-57][0-9][0-9]|800)[0-9]{6})$', '34578', '^(?:00)', '0', '^(0)', '0', null, null),
  ('996', 1, 'KG', '{9,10}', '{9,10}', '{9,10}', '^(?:8[0-9]{9}|[235-9][0-9]{8})$', '2356789', '^(?:00)', '0', '^(0)', '0', null, null),
  ('998', 1, 'UZ', '{9}', '{9}', '{9}', '^(?:(?:20|33|[5-9][0-9])[0-9]{7})$', '2356789', '^(?:00)', '0', null, null, null, null);

insert into crm_private.phone_types (calling_code, ordinal, type_ordinal, lengths, pattern) values
  ('1', 1, 1, '{10}', '^(?:983[2-57-9][0-9]{6}|(?:2(?:0[1-35-9]|1[02-9]|2[03-57-9]|3[1459]|4[08]|5[1-46]|6[0279]|7[02469]|8[13])|3(?:0[1-57-9]|1[02-9]|2[013-79]|3[0-24679]|4[167]|5[0-3]|6[01349]|8[056])|4(?:0[124-9]|1[02-579]|2[3-5]|3[0245]|4[023578]|58|6[349]|7[02589]|8[04])|5(?:0[1-57-9]|1[0235-8]|20|3[0149]|4[01]|5[179]|6[1-47]|7[0-5]|8[0256])|6(?:0[1-35-9]|1[024-9]|2[03689]|3[016]|4[0156]|5[01679]|6[0-279]|78|8[0-269])|7(?:0[1-46-8]|1[2-9]|2[04-8]|3[0-2478]|4[0378]|5[47]|6[02359]|7[0-59]|8[156])|8(?:0[1-68]|1[02-8]|2[0168]|3[0-2589]|4[03578]|5[046-9]|6[02-5]|7[028])|9(?:0[1346-9]|1[02-9]|2[0589]|3[0146-8]|4[01357-9]|5[12469]|7[0-3589]|8[04-69]))[2-9][0-9]{6})$'),
  ('1', 1, 3, '{10}', '^(?:8(?:00|33|44|55|66|77|88)[2-9][0-9]{6})$'),
  ('1', 1, 4, '{10}', '^(?:900[2-9][0-9]{6})$'),
  ('1', 1, 5, '{10}', '^(?:52(?:3(?:[2-46-9][02-9][0-9]|5(?:[02-46-9][0-9]|5[0-46-9]))|4(?:[2-478][02-9][0-9]|5(?:[034][0-9]|2[024-9]|5[0-46-9])|6(?:0[1-9]|[2-9][0-9])|9(?:[05-9][0-9]|2[0-5]|49)))[0-9]{4}|52[34][2-9]1[02-9][0-9]{4}|5(?:00|2[125-9]|3[23]|44|66|77|88)[2-9][0-9]{6})$'),
  ('1', 8, 1, '{10}', '^(?:(?:2(?:04|[23]6|[48]9|5[07]|[67]3)|3(?:06|43|54|6[578]|82)|4(?:03|1[68]|[26]8|3[178]|50|74)|5(?:06|1[49]|48|79|8[147])|6(?:04|[18]3|39|47|72)|7(?:0[59]|42|53|78|8[02])|8(?:[06]7|19|25|7[39])|9(?:0[25]|42))[2-9][0-9]{6})$'),
  ('1', 8, 3, '{10}', '^(?:8(?:00|33|44|55|66|77|88)[2-9][0-9]{6})$'),
  ('1', 8, 4, '{10}', '^(?:900[2-9][0-9]{6})$'),
  ('1', 8, 5, '{10}', '^(?:52(?:3(?:[2-46-9][02-9][0-9]|5(?:[02-46-9][0-9]|5[0-46-9]))|4(?:[2-478][02-9][0-9]|5(?:[034][0-9]|2[024-9]|5[0-46-9])|6(?:0[1-9]|[2-9][0-9])|9(?:[05-9][0-9]|2[0-5]|49)))[0-9]{4}|52[34][2-9]1[02-9][0-9]{4}|(?:5(?:2[125-9]|3[23]|44|66|77|88)|6(?:22|33))[2-9][0-9]{6})$'),
  ('1', 8, 7, '{7}', '^(?:310[0-9]{4})$'),
  ('1', 8, 9, '{10}', '^(?:600[2-9][0-9]{6})$'),
  ('212', 2, 1, '{9}', '^(?:528[89][0-9]{5})$'),
  ('212', 2, 2, '{9}', '^(?:(?:6(?:[0-79][0-9]|8[0-247-9])|7(?:[016-8][0-9]|2[0-8]|3[01]|5[0-5]))[0-9]{6})$'),
  ('212', 2, 3, '{9}', '^(?:80[0-7][0-9]{6})$'),
  ('212', 2, 4, '{9}', '^(?:89[0-9]{7})$'),
  ('212', 2, 9, '{9}', '^(?:(?:592(?:4[0-2]|93)|80[89][0-9][0-9])[0-9]{4})$'),
  ('262', 1, 1, '{9}', '^(?:2631[0-6][0-9]{4}|26(?:2[0-9]|30|88)[0-9]{5})$'),
  ('262', 1, 2, '{9}', '^(?:(?:69(?:2[0-9][0-9]|3(?:[06][0-6]|1[0-3]|2[0-2]|3[0-39]|4[0-9]|5[0-5]|7[0-37]|8[0-8]|9[0-479]))|7092[0-3])[0-9]{4})$'),
  ('262', 1, 3, '{9}', '^(?:80[0-9]{7})$'),
  ('262', 1, 4, '{9}', '^(?:89[1-37-9][0-9]{6})$'),
  ('262', 1, 9, '{9}', '^(?:9(?:399[0-3]|479[0-6]|76(?:2[278]|3[0-37]))[0-9]{4})$'),
  ('262', 1, 10, '{9}', '^(?:8(?:1[019]|2[0156]|84|90)[0-9]{6})$'),
  ('262', 2, 1, '{9}', '^(?:26(?:89[0-9]|9(?:0[0-467]|15|5[0-4]|6[0-9]|[78]0))[0-9]{4})$'),
  ('262', 2, 2, '{9}', '^(?:(?:639(?:0[0-79]|1[019]|[267][0-9]|3[09]|40|5[05-9]|9[04-79])|7093[5-7])[0-9]{4})$'),
  ('262', 2, 3, '{9}', '^(?:80[0-9]{7})$'),
  ('262', 2, 9, '{9}', '^(?:9(?:(?:39|47)8[01]|769[0-9])[0-9]{4})$'),
  ('39', 1, 1, '{6,7,8,9,10,11,12}', '^(?:0(?:669[0-79][0-9]{1,6}|831[0-9]{2,8})|0(?:1(?:[0159][0-9]|[27][1-5]|31|4[1-4]|6[1356]|8[2-57])|2[0-9][0-9]|3(?:[0159][0-9]|2[1-4]|3[12]|[48][1-6]|6[2-59]|7[1-7])|4(?:[0159][0-9]|[23][1-9]|4[245]|6[1-5]|7[1-4]|81)|5(?:[0159][0-9]|2[1-5]|3[2-6]|4[1-79]|6[4-6]|7[1-578]|8[3-8])|6(?:[0-57-9][0-9]|6[0-8])|7(?:[0159][0-9]|2[12]|3[1-7]|4[2-46]|6[13569]|7[13-6]|8[1-59])|8(?:[0159][0-9]|2[3-578]|3[2356]|[6-8][1-5])|9(?:[0159][0-9]|[238][1-5]|4[12]|6[1-8]|7[1-6]))[0-9]{2,7})$'),
  ('39', 1, 2, '{9,10}', '^(?:3[2-9][0-9]{7,8}|(?:31|43)[0-9]{8})$'),
  ('39', 1, 3, '{6,9}', '^(?:80(?:0[0-9]{3}|3)[0-9]{3})$'),
  ('39', 1, 4, '{6,8,9,10}', '^(?:(?:0878[0-9]{3}|89(?:2[0-9]|3[04]|4(?:[0-4]|[5-9][0-9][0-9])|5[0-4]))[0-9][0-9]|(?:1(?:44|6[346])|89(?:38|5[5-9]|9))[0-9]{6})$'),
  ('39', 1, 5, '{9,10}', '^(?:1(?:78[0-9]|99)[0-9]{6})$'),
  ('39', 1, 6, '{11,12}', '^(?:3[2-8][0-9]{9,10})$'),
  ('39', 1, 9, '{10}', '^(?:55[0-9]{8})$'),
  ('39', 1, 10, '{6,9}', '^(?:84(?:[08][0-9]{3}|[17])[0-9]{3})$'),
  ('44', 1, 1, '{9,10}', '^(?:(?:1(?:1(?:3(?:[0-58][0-9][0-9]|73[0-5])|4(?:(?:[0-5][0-9]|70)[0-9]|69[7-9])|(?:(?:5[0-26-9]|[78][0-49])[0-9]|6(?:[0-4][0-9]|5[01]))[0-9])|(?:2(?:(?:0[024-9]|2[3-9]|3[3-79]|4[1-689]|[58][02-9]|6[0-47-9]|7[013-9]|9[0-9])[0-9]|1(?:[0-7][0-9]|8[0-3]))|(?:3(?:0[0-9]|1[0-8]|[25][02-9]|3[02-579]|[468][0-46-9]|7[1-35-79]|9[2-578])|4(?:0[03-9]|[137][0-9]|[28][02-57-9]|4[02-69]|5[0-8]|[69][0-79])|5(?:0[1-35-9]|[16][0-9]|2[024-9]|3[015689]|4[02-9]|5[03-9]|7[0-35-9]|8[0-468]|9[0-57-9])|6(?:0[034689]|1[0-9]|2[0-35689]|[38][013-9]|4[1-467]|5[0-69]|6[13-9]|7[0-8]|9[0-24578])|7(?:0[0246-9]|2[0-9]|3[0236-8]|4[03-9]|5[0-46-9]|6[013-9]|7[0-35-9]|8[024-9]|9[02-9])|8(?:0[35-9]|2[1-57-9]|3[02-578]|4[0-578]|5[124-9]|6[2-69]|7[0-9]|8[02-9]|9[02569])|9(?:0[02-589]|[18][0-9]|2[02-689]|3[1-57-9]|4[2-9]|5[0-579]|6[2-47-9]|7[0-24578]|9[2-57]))[0-9])[0-9])|2(?:0[013478]|3[0189]|4[017]|8[0-46-9]|9[0-2])[0-9]{3})[0-9]{4}|1(?:2(?:0(?:46[1-4]|87[2-9])|545[1-79]|76(?:2[0-9]|3[1-8]|6[1-6])|9(?:7(?:2[0-4]|3[2-5])|8(?:2[2-8]|7[0-47-9]|8[3-5])))|3(?:6(?:38[2-5]|47[23])|8(?:47[04-9]|64[0157-9]))|4(?:044[1-7]|20(?:2[23]|8[0-9])|6(?:0(?:30|5[2-57]|6[1-8]|7[2-8])|140)|8(?:052|87[1-3]))|5(?:2(?:4(?:3[2-79]|6[0-9])|76[0-9])|6(?:26[06-9]|686))|6(?:06(?:4[0-9]|7[4-79])|295[5-7]|35[34][0-9]|47(?:24|61)|59(?:5[08]|6[67]|74)|9(?:55[0-4]|77[23]))|7(?:26(?:6[13-9]|7[0-7])|(?:442|688)[0-9]|50(?:2[0-3]|[3-68]2|76))|8(?:27[56][0-9]|37(?:5[2-5]|8[239])|843[2-58])|9(?:0(?:0(?:6[1-8]|85)|52[0-9])|3583|4(?:66[1-8]|9(?:2[01]|81))|63(?:23|3[1-4])|9561))[0-9]{3})$'),
  ('44', 1, 2, '{10}', '^(?:7(?:457[0-57-9]|700[01]|911[028])[0-9]{5}|7(?:[1-3][0-9][0-9]|4(?:[0-46-9][0-9]|5[0-689])|5(?:0[0-8]|[13-9][0-9]|2[0-35-9])|7(?:0[1-9]|[1-7][0-9]|8[02-9]|9[0-689])|8(?:[014-9][0-9]|[23][0-8])|9(?:[024-9][0-9]|1[02-9]|3[0-689]))[0-9]{6})$'),
  ('44', 1, 3, '{7,9,10}', '^(?:80[08][0-9]{7}|800[0-9]{6}|8001111)$'),
  ('44', 1, 4, '{7,10}', '^(?:(?:8(?:4[2-5]|7[0-3])|9(?:[01][0-9]|8[2-49]))[0-9]{7}|845464[0-9])$'),
  ('44', 1, 5, '{10}', '^(?:70[0-9]{8})$'),
  ('44', 1, 7, '{10}', '^(?:(?:3[0347]|55)[0-9]{8})$'),
  ('44', 1, 8, '{10}', '^(?:76(?:464|652)[0-9]{5}|76(?:0[0-28]|2[356]|34|4[01347]|5[49]|6[0-369]|77|8[14]|9[139])[0-9]{6})$'),
  ('44', 1, 9, '{10}', '^(?:56[0-9]{8})$'),
  ('44', 2, 1, '{10}', '^(?:1481[25-9][0-9]{5})$'),
  ('44', 2, 2, '{10}', '^(?:7(?:(?:781|839)[0-9]|911[17])[0-9]{5})$'),
  ('44', 2, 3, '{7,9,10}', '^(?:80[08][0-9]{7}|800[0-9]{6}|8001111)$'),
  ('44', 2, 4, '{7,10}', '^(?:(?:8(?:4[2-5]|7[0-3])|9(?:[01][0-9]|8[0-3]))[0-9]{7}|845464[0-9])$'),
  ('44', 2, 5, '{10}', '^(?:70[0-9]{8})$'),
  ('44', 2, 7, '{10}', '^(?:(?:3[0347]|55)[0-9]{8})$'),
  ('44', 2, 8, '{10}', '^(?:76(?:464|652)[0-9]{5}|76(?:0[0-28]|2[356]|34|4[01347]|5[49]|6[0-369]|77|8[14]|9[139])[0-9]{6})$'),
  ('44', 2, 9, '{10}', '^(?:56[0-9]{8})$'),
  ('44', 4, 1, '{10}', '^(?:1534[0-24-8][0-9]{5})$'),
  ('44', 4, 2, '{10}', '^(?:7(?:(?:(?:50|82)9|937)[0-9]|7(?:00[378]|97[0-9]))[0-9]{5})$'),
  ('44', 4, 3, '{10}', '^(?:80(?:07(?:35|81)|8901)[0-9]{4})$'),
  ('44', 4, 4, '{10}', '^(?:(?:8(?:4(?:4(?:4(?:05|42|69)|703)|5(?:041|800))|7(?:0002|1206))|90(?:066[59]|1810|71(?:07|55)))[0-9]{4})$'),
  ('44', 4, 5, '{10}', '^(?:701511[0-9]{4})$'),
  ('44', 4, 7, '{10}', '^(?:(?:3(?:0(?:07(?:35|81)|8901)|3[0-9]{4}|4(?:4(?:4(?:05|42|69)|703)|5(?:041|800))|7(?:0002|1206))|55[0-9]{4})[0-9]{4})$'),
  ('44', 4, 8, '{10}', '^(?:76(?:464|652)[0-9]{5}|76(?:0[0-28]|2[356]|34|4[01347]|5[49]|6[0-369]|77|8[14]|9[139])[0-9]{6})$'),
  ('44', 4, 9, '{10}', '^(?:56[0-9]{8})$'),
  ('590', 1, 1, '{9}', '^(?:(?:59(?:0(?:0[1-68]|[14][0-24-9]|2[0-68]|3[1-9]|5[3-579]|[68][0-689]|7[08]|9[0-9])|87[0-9])|80[6-9][0-9][0-9])[0-9]{4})$'),
  ('590', 1, 2, '{9}', '^(?:(?:69(?:0[0-9][0-9]|1(?:2[2-9]|3[0-5]))|7090[0-4])[0-9]{4})$'),
  ('590', 1, 3, '{9}', '^(?:80[0-5][0-9]{6})$'),
  ('590', 1, 4, '{9}', '^(?:8[129][0-9]{7})$'),
  ('590', 1, 9, '{9}', '^(?:9(?:(?:39[5-7]|76[018])[0-9]|475[0-6])[0-9]{4})$'),
  ('590', 2, 1, '{9}', '^(?:(?:59(?:0(?:2[7-9]|3[3-7]|5[12]|87)|87[0-9])|80[6-9][0-9][0-9])[0-9]{4})$'),
  ('590', 2, 2, '{9}', '^(?:(?:69(?:0[0-9][0-9]|1(?:2[2-9]|3[0-5]))|7090[0-4])[0-9]{4})$'),
  ('590', 2, 3, '{9}', '^(?:80[0-5][0-9]{6})$'),
  ('590', 2, 4, '{9}', '^(?:8[129][0-9]{7})$'),
  ('590', 2, 9, '{9}', '^(?:9(?:(?:39[5-7]|76[018])[0-9]|475[0-6])[0-9]{4})$'),
  ('590', 3, 1, '{9}', '^(?:(?:59(?:0(?:0[079]|[14]3|[27][79]|3[03-7]|5[0-268]|87)|87[0-9])|80[6-9][0-9][0-9])[0-9]{4})$'),
  ('590', 3, 2, '{9}', '^(?:(?:69(?:0[0-9][0-9]|1(?:2[2-9]|3[0-5]))|7090[0-4])[0-9]{4})$'),
  ('590', 3, 3, '{9}', '^(?:80[0-5][0-9]{6})$'),
  ('590', 3, 4, '{9}', '^(?:8[129][0-9]{7})$'),
  ('590', 3, 9, '{9}', '^(?:9(?:(?:39[5-7]|76[018])[0-9]|475[0-6])[0-9]{4})$'),
  ('61', 1, 1, '{9}', '^(?:(?:(?:241|349)0[0-9][0-9]|8(?:51(?:0(?:0[03-9]|[12479][0-9]|3[2-9]|5[0-8]|6[1-9]|8[0-7])|1(?:[0235689][0-9]|1[0-69]|4[0-589]|7[0-47-9])|2(?:0[0-79]|[18][13579]|2[14-9]|3[0-46-9]|[4-6][0-9]|7[89]|9[0-4])|[34][0-9][0-9])|91(?:(?:[0-58][0-9]|6[0135-9])[0-9]|7(?:0[0-24-9]|[1-9][0-9])|9(?:[0-46-9][0-9]|5[0-79]))))[0-9]{3}|(?:2(?:[0-26-9][0-9]|3[0-8]|4[02-9]|5[0135-9])|3(?:[0-3589][0-9]|4[0-578]|6[1-9]|7[0-35-9])|7(?:[013-57-9][0-9]|2[0-8])|8(?:55|6[0-8]|[78][0-9]|9[02-9]))[0-9]{6})$'),
  ('61', 1, 2, '{9}', '^(?:4(?:79[01]|83[0-36-9]|9(?:5[0-3]|6[0-4]))[0-9]{5}|4(?:[0-36][0-9]|4[047-9]|[58][0-24-9]|7[02-8]|9[0-47-9])[0-9]{6})$'),
  ('61', 1, 3, '{7,10}', '^(?:180(?:0[0-9]{3}|2)[0-9]{3})$'),
  ('61', 1, 4, '{10}', '^(?:190[0-26][0-9]{6})$'),
  ('61', 1, 8, '{5,6,7,8,9}', '^(?:163[0-9]{2,6})$'),
  ('61', 1, 9, '{9}', '^(?:14(?:5(?:1[0458]|[23][458])|71[0-9])[0-9]{4})$'),
  ('61', 1, 10, '{6,8,10,12}', '^(?:13(?:00[0-9]{6}(?:[0-9]{2})?|45[0-4][0-9]{3})|13[0-9]{4})$'),
  ('61', 2, 1, '{9}', '^(?:8(?:51(?:0(?:02|31|60|89)|1(?:18|76)|223)|91(?:0(?:1[0-2]|29)|1(?:[28]2|50|79)|2(?:10|64)|3(?:[06]8|22)|4[29]8|62[0-9]|70[23]|959))[0-9]{3})$'),
  ('61', 2, 2, '{9}', '^(?:4(?:79[01]|83[0-36-9]|9(?:5[0-3]|6[0-4]))[0-9]{5}|4(?:[0-36][0-9]|4[047-9]|[58][0-24-9]|7[02-8]|9[0-47-9])[0-9]{6})$'),
  ('61', 2, 3, '{7,10}', '^(?:180(?:0[0-9]{3}|2)[0-9]{3})$'),
  ('61', 2, 4, '{10}', '^(?:190[0-26][0-9]{6})$'),
  ('61', 2, 9, '{9}', '^(?:14(?:5(?:1[0458]|[23][458])|71[0-9])[0-9]{4})$'),
  ('61', 2, 10, '{6,8,10,12}', '^(?:13(?:00[0-9]{6}(?:[0-9]{2})?|45[0-4][0-9]{3})|13[0-9]{4})$'),
  ('61', 3, 1, '{9}', '^(?:8(?:51(?:0(?:01|30|59|88)|1(?:17|46|75)|2(?:22|35))|91(?:00[6-9]|1(?:[28]1|49|78)|2(?:09|63)|3(?:12|26|75)|4(?:56|97)|64[0-9]|7(?:0[01]|1[0-2])|958))[0-9]{3})$'),
  ('61', 3, 2, '{9}', '^(?:4(?:79[01]|83[0-36-9]|9(?:5[0-3]|6[0-4]))[0-9]{5}|4(?:[0-36][0-9]|4[047-9]|[58][0-24-9]|7[02-8]|9[0-47-9])[0-9]{6})$'),
  ('61', 3, 3, '{7,10}', '^(?:180(?:0[0-9]{3}|2)[0-9]{3})$'),
  ('61', 3, 4, '{10}', '^(?:190[0-26][0-9]{6})$'),
  ('61', 3, 9, '{9}', '^(?:14(?:5(?:1[0458]|[23][458])|71[0-9])[0-9]{4})$'),
  ('61', 3, 10, '{6,8,10,12}', '^(?:13(?:00[0-9]{6}(?:[0-9]{2})?|45[0-4][0-9]{3})|13[0-9]{4})$');

-- sql/025_setup/10_tables.sql
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
  constraint channel_is_valid check (channel = any (crm_private.channels())),
  constraint external_id_is_not_empty check (btrim(external_id) <> '' and length(external_id) <= 256),
  constraint settings_is_object check (jsonb_typeof(settings) = 'object')
);
comment on table crm.channel_accounts is
  'The directory that maps a provider''s account (page, phone number id, merchant) to its workspace.';
comment on column crm.channel_accounts.settings is
  'Those of crm_private.settings() that are set for the account: update_channel_account changes them.';

-- sql/025_setup/30_policies.sql
alter table crm.channel_accounts enable row level security;
create policy members_read on crm.channel_accounts for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/025_setup/fn_channel_account.sql
-- Security definer: a member's functions are; the first act is the membership check.
create function crm.channel_account(p_channel_account_id uuid)
returns table (workspace_id uuid, channel text, external_id text, settings jsonb, is_active boolean)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
begin
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  perform crm_private.require_member(v_account.workspace_id, 'admin');
  if v_account.id is null then
    perform crm_private.raise_not_found('channel_account', 'There is no such channel account.',
      'Connect it with connect_channel.');
  end if;
  return query select v_account.workspace_id, v_account.channel, v_account.external_id, v_account.settings,
    v_account.is_active;
end;
$$;
comment on function crm.channel_account(uuid) is
  'A channel account, for whoever may run a sync of it: admins of its workspace. PT401, PT403, PT404 not_found.';

-- sql/025_setup/fn_connect_channel.sql
create function crm.connect_channel(p_workspace_id uuid, p_channel text, p_external_id text, p_display_name text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
begin
  if p_channel is null or p_channel <> all (crm_private.channels()) then
    perform crm_private.reject_input('p_channel',
      format('The channel is %s.', crm_private.one_of(crm_private.channels())));
  end if;
  if coalesce(btrim(p_external_id), '') = '' or length(p_external_id) > 256 then
    perform crm_private.reject_input('p_external_id', 'The provider''s account id is 1 to 256 characters.');
  end if;
  if coalesce(btrim(p_display_name), '') = '' then
    perform crm_private.reject_input('p_display_name', 'A channel account needs a display name.');
  end if;
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
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
  'Connects a provider account to the workspace and returns the channel account''s id.

Calling it again changes nothing.

PT400 invalid_input, PT404 not_found, PT409 connected_elsewhere.';

-- sql/025_setup/fn_create_workspace.sql
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
  perform crm.normalize_phone('', coalesce(p_default_country, '')); -- Refuses what has no telephone numbers.

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
  'The id of the workspace with this slug, created when there is none. An existing one stays as it is.

PT400 invalid_input.';

-- sql/025_setup/fn_display_name.sql
create function crm_private.display_name(p_path text, p_name text)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_name text := btrim(p_name, U&' \0009\000A\000D\00A0');
begin
  if length(v_name) not between 1 and 256 then
    perform crm_private.reject_input(p_path, 'A name is 1 to 256 characters.');
  end if;
  return v_name;
end;
$$;
comment on function crm_private.display_name(text, text) is
  'The name without blanks around it; null for null.

PT400 invalid_input with the path, for an empty name and one of more than 256 characters.';

-- sql/025_setup/fn_setting_value.sql
create function crm_private.setting_value(p_path text, p_type text, p_value jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_text text := case when jsonb_typeof(p_value) = 'string' then btrim(p_value #>> '{}', U&' \0009\000A\000D\00A0') end;
begin
  case p_type
    when 'boolean' then
      if jsonb_typeof(p_value) <> 'boolean' then
        perform crm_private.reject_input(p_path, 'The value is true or false, without quotes.');
      end if;
      return p_value;
    when 'text' then
      -- A number of more than 15 digits is another one by the time it arrives.
      if v_text is null or length(v_text) not between 1 and 256 then
        perform crm_private.reject_input(p_path, 'The value is a text of 1 to 256 characters. Null removes a setting.');
      end if;
    when 'date' then
      begin
        if v_text is null or v_text !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' or v_text::date is null then
          perform crm_private.reject_input(p_path, 'The value is a day, such as "2026-01-31".');
        end if;
      exception when data_exception then
        perform crm_private.reject_input(p_path, 'There is no such day. A day is written as in "2026-01-31".');
      end;
    when 'time_zone' then
      v_text := crm_private.time_zone_name(v_text);
      if v_text is null then
        perform crm_private.reject_input(p_path, 'The value is the name of a time zone, such as "America/Bogota".');
      end if;
  end case;
  return to_jsonb(v_text);
end;
$$;
comment on function crm_private.setting_value(text, text, jsonb) is
  'The value as a setting of this type keeps it: texts without blanks around them, time zones as the server spells them.

p_type: one of those that settings() describes. PT400 invalid_input with the path, when it is no such value.';

-- sql/030_contacts/05_types.sql
-- The parsed form of a delivery. Arrays of these are handed from phase
-- to phase: a temp table per call costs several times the work itself.
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
  'One InboundItem: its place (from 1), the source''s time for the participant''s fields (null: unknown), what
identifies the delivery, and what was wrong with it, if anything.';

create type crm_private.item_identity as (
  ordinal int,
  kind text,
  scope text,
  value text,
  strength int,
  is_previous boolean,
  is_variant boolean
);
comment on type crm_private.item_identity is
  'An identity that an item gives its participant, canonical and not blocked. Strength: 1 is the strongest. is_previous:
one of the person''s old ids. is_variant: another way to write a phone number given, for look-up only; it is never
stored.';

create type crm_private.contact_result as (
  ordinal int,
  contact_id uuid,
  outcome text,
  error jsonb
);
comment on type crm_private.contact_result is 'What became of one item''s contact.';

create type crm_private.item_owner as (
  ordinal int,
  contact_id uuid
);
comment on type crm_private.item_owner is 'A contact that owns one of the item''s identities.';

create type crm_private.contact_change as (
  ordinal int,
  contact_id uuid,
  source_time timestamptz,
  columns jsonb,
  custom jsonb,
  sources jsonb,
  updates boolean,
  is_stale boolean,
  corrects boolean
);
comment on type crm_private.contact_change is
  'What an item changes about its contact: the fields that win (columns and custom attributes, null for none) and whence
each comes (sources, as field_sources keeps it); whether a value changes with it, whether all it says is old, and
whether it names another identification than the one that counts.';

create type crm_private.field_word as (
  ordinal int,
  source text,
  at timestamptz,
  value jsonb,
  delivery text
);
comment on type crm_private.field_word is
  'What one item (ordinal) says of a field of a contact: the value, its source, the source''s time, and the delivery.';

-- sql/030_contacts/10_tables.sql
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
comment on table crm.contacts is
  'One person as the workspace knows them. A row with merged_into_id set is history: its references live on the contact
it was merged into.';
comment on column crm.contacts.sync_source is
  'chat_embedded: a stub, created from a chat; contacts_api: created by the Contacts API; upgraded: was a stub, is full
now.';
comment on column crm.contacts.field_sources is
  '{field: {source, at, delivery}}: who last wrote each field, when by the source''s clock, from which delivery. Custom
attributes are listed as custom_attributes.<name>, and each identification that was given as identification.<value>: the
newest of them counts.';
comment on column crm.contacts.wa_id is
  'The WhatsApp number among the identities that no id change has replaced; of several the greatest, so that the order
of arrival does not matter.';
comment on column crm.contacts.identification is
  'The identification among the identities that counts: the one that the source named last, by field_sources.';
comment on column crm.contacts.phone_normalized is
  'The mobile, or else the phone, in E.164, kept by trigger; null when it is no possible number.';
create index contacts_id_idx on crm.contacts (id);
create index contacts_merged_into_idx on crm.contacts (merged_into_id) where merged_into_id is not null;
create index contacts_with_phone_idx on crm.contacts (workspace_id, id)
  where (mobile is not null or phone is not null) and merged_into_id is null;
create index contacts_needing_sync_idx on crm.contacts (workspace_id, created_at)
  where needs_full_sync and merged_into_id is null;

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
  is_outranked boolean not null default false,
  first_seen_at timestamptz not null default now(),
  primary key (workspace_id, kind, scope, value),
  -- Claimed before the contact's row exists, so that no loser row is ever left behind.
  constraint contact_fkey foreign key (workspace_id, contact_id) references crm.contacts (workspace_id, id)
    on delete cascade deferrable initially deferred,
  constraint kind_is_valid check (kind = any (crm_private.kind_names())),
  constraint value_is_not_empty check (value <> ''),
  constraint outranked_is_previous check (is_previous or not is_outranked)
);
comment on table crm.contact_identities is 'The dedup index of contacts: one identity points at one contact.';
comment on column crm.contact_identities.scope is
  'The page of a psid, the WABA or business of a bsuid, the id space of a b2chat_id; empty where the kind has none.';
comment on column crm.contact_identities.rule is
  'Which rule attached it: created (with its contact), attached (nobody owned it), id_change (the provider said the
person''s id changed), backfill (backfill_phones).';
comment on column crm.contact_identities.is_previous is
  'A delivery said that the person has changed this id for another, or a merge found a current one beside it, or it is
outranked.';
comment on column crm.contact_identities.is_outranked is
  'An identification that is previous only because the source named another one of the person later. It counts again
when that changes.';
create index contact_identities_contact_idx on crm.contact_identities (contact_id);

create table crm.blocked_identity_values (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid references crm.workspaces (id) on delete cascade,
  kind text not null,
  pattern text not null,
  created_at timestamptz not null default now(),
  constraint blocked_identity_values_key unique nulls not distinct (workspace_id, kind, pattern),
  constraint kind_is_valid check (kind = '*' or kind = any (crm_private.kind_names())),
  -- What is no regular expression fails here, not in the middle of an ingest.
  constraint pattern_is_a_regular_expression check (('' ~* ('^(?:' || pattern || ')$')) is not null),
  constraint pattern_refers_to_nothing check (pattern !~ '\\[1-9]')
);
comment on table crm.blocked_identity_values is 'Values that are never identities, for all workspaces or for one.';
comment on column crm.blocked_identity_values.kind is 'The kind it holds for, or * for every kind.';
comment on column crm.blocked_identity_values.pattern is
  'A regular expression that the whole value must match, upper or lower case.';

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
  constraint survivor_fkey foreign key (workspace_id, survivor_id) references crm.contacts (workspace_id, id)
    on delete cascade,
  constraint duplicate_fkey foreign key (workspace_id, duplicate_id) references crm.contacts (workspace_id, id)
    on delete cascade
);
comment on table crm.contact_merges is 'Every merge of two contacts, with what it moved.';
comment on column crm.contact_merges.moved is
  '{identities, conversations, candidates, pair, survivor, duplicate}: what moved to the survivor, the pair''s merge
candidate and both contacts'' fields as they were before. identities also has those that came since with the
duplicate''s own.';
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
  constraint contact_a_fkey foreign key (workspace_id, contact_a_id) references crm.contacts (workspace_id, id)
    on delete cascade,
  constraint contact_b_fkey foreign key (workspace_id, contact_b_id) references crm.contacts (workspace_id, id)
    on delete cascade,
  constraint pair_is_ordered check (contact_a_id < contact_b_id),
  constraint status_is_valid check (status in ('open', 'merged', 'rejected'))
);
comment on table crm.merge_candidates is 'Pairs of contacts that may be one person and need somebody''s decision.';
create index merge_candidates_id_idx on crm.merge_candidates (id);
create index merge_candidates_open_idx on crm.merge_candidates (workspace_id, id) where status = 'open';
create index merge_candidates_contact_b_idx on crm.merge_candidates (contact_b_id);

-- sql/030_contacts/30_policies.sql
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

-- sql/030_contacts/fn_apply_contact_merge.sql
create function crm_private.apply_contact_merge(
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
  v_merge_id uuid;
begin
  if p_survivor_id = p_duplicate_id then
    raise exception 'apply_contact_merge needs two contacts';
  end if;
  -- Both contacts, in id order, before anything moves: a writer that links a row to one of them holds it for share.
  -- Not `for update`: that also blocks the foreign key checks of writers which hold a conversation, the next lock here.
  perform from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id in (p_survivor_id, p_duplicate_id)
  order by c.id
  for no key update;
  if exists (
    select from crm.contacts c
    where c.workspace_id = p_workspace_id and c.id in (p_survivor_id, p_duplicate_id)
      and c.merged_into_id is not null) then
    raise exception using errcode = 'serialization_failure', message = 'A contact was merged away meanwhile.';
  end if;

  -- The row tells the rooms above: their trigger moves everything and writes into `moved` what it was.
  -- The clock, not the transaction's time: one delivery may merge several contacts, and an undo needs their order.
  insert into crm.contact_merges (workspace_id, survivor_id, duplicate_id, reason, merged_by, moved, merged_at)
  values (p_workspace_id, p_survivor_id, p_duplicate_id, p_reason, p_merged_by, '{}', clock_timestamp())
  returning id into v_merge_id;

  update crm.contacts c set merged_into_id = p_survivor_id
  where c.workspace_id = p_workspace_id and c.id = p_duplicate_id;
  return v_merge_id;
end;
$$;
comment on function crm_private.apply_contact_merge(uuid, uuid, uuid, text, text) is
  'Merges the duplicate into the survivor and returns the id of the contact_merges row.

The caller needs no lock: this locks both contacts. What references the duplicate moves in the trigger of
contact_merges.
Errors: serialization_failure when another transaction merged one of the two away meanwhile; the caller begins again.';

-- sql/030_contacts/fn_bulk_upsert_contacts.sql
create function crm.bulk_upsert_contacts(p_workspace_id uuid, p_sync_source text, p_contacts jsonb)
returns table (ordinal int, contact_id uuid, outcome text, sync_source text, version bigint, error jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_items crm_private.inbound_item[];
  v_nobody crm.channel_accounts;
  v_stored crm_private.contact_result[];
begin
  if p_sync_source is null or p_sync_source not in ('chat_embedded', 'contacts_api') then
    perform crm_private.reject_input('p_sync_source', 'The source is chat_embedded or contacts_api.');
  end if;
  if jsonb_typeof(p_contacts) is distinct from 'array' or jsonb_array_length(p_contacts) > 500 then
    perform crm_private.reject_input('p_contacts', 'The contacts are a JSON array of at most 500.');
  end if;
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;

  v_nobody.workspace_id := p_workspace_id;
  v_items := array(
    select row(c.ordinal, null, c.contact, crm_private.event_time(c.contact ->> 'source_updated_at'), null,
      coalesce(c.contact ->> 'delivery', p_sync_source),
      case when c.path is not null then 'invalid_input' end, c.path)::crm_private.inbound_item
    from (
      select e.ordinal::int, e.contact,
        case when jsonb_typeof(e.contact) <> 'object' then '$' else '$' || p.path end as path
      from jsonb_array_elements(p_contacts) with ordinality e (contact, ordinal)
      left join (
        select x.ordinal, min(x.path) as path
        from crm_private.participant_problems(array(select jsonb_array_elements(p_contacts))) x
        group by x.ordinal
      ) p on p.ordinal = e.ordinal
    ) c
    order by c.ordinal);

  v_stored := array(select s from crm_private.store_contacts(v_nobody, p_sync_source, v_items) s);
  -- A statement of its own: the one before does not see what it wrote.
  return query
  select s.ordinal, s.contact_id, s.outcome, c.sync_source, c.version, s.error
  from unnest(v_stored) s
  left join lateral (
    select x.sync_source, x.version
    from crm.contacts x where x.workspace_id = p_workspace_id and x.id = s.contact_id offset 0
  ) c on true
  order by s.ordinal;
end;
$$;
comment on function crm.bulk_upsert_contacts(uuid, text, jsonb) is
  'upsert_contact for up to 500 contacts in one transaction: one row per contact, in order; ordinal counts from 1. A
contact that is malformed or that the database refuses has error ({code, path}) and no contact_id, and the others go in.
PT400 invalid_input, PT404 not_found.';

-- sql/030_contacts/fn_business_scope.sql
create function crm_private.business_scope(p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return p_account.settings ->> 'business_id';
end;
$$;
comment on function crm_private.business_scope(crm.channel_accounts) is
  'The scope that the account''s business-scoped ids have, whatever a delivery says; null when no setting names it.';

-- sql/030_contacts/fn_canonical_identity_value.sql
create function crm_private.canonical_identity_value(p_kind text, p_value text, p_default_country text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return case crm_private.kind_forms() ->> p_kind
    when 'mail' then crm.normalize_email(p_value)
    when 'e164' then coalesce(
      crm.normalize_phone(p_value, p_default_country),
      -- Mexico's numbers with the 1 are not possible any more, but WhatsApp still gives them.
      crm.normalize_phone((crm_private.phone_variants('+' || regexp_replace(p_value, '[^0-9]', '', 'g')))[1]))
    when 'digits' then
      case when p_value ~ '^[\s+]*[0-9][0-9\s().-]*$' then regexp_replace(p_value, '[^0-9]', '', 'g')
        else nullif(btrim(p_value), '') end
    else nullif(btrim(p_value), '')
  end;
end;
$$;
comment on function crm_private.canonical_identity_value(text, text, text) is
  'An identity''s value in the one form it is stored and compared in, or null when it is none: e-mail in lower case with
one @, phone in E.164 (where only a variant of it is a possible number, that one), a WhatsApp number as its digits,
others trimmed.';

-- sql/030_contacts/fn_claim_identities.sql
create function crm_private.claim_identities(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_unowned crm_private.item_identity[],
  p_owned crm_private.item_owner[],
  p_new_ids uuid[],
  p_id_changes int[]
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_claimed int;
begin
  insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery, is_previous)
  select p_workspace_id, n.kind, n.scope, n.value, p_new_ids[n.ordinal], p_sync_source, n.rule,
    n.delivery, n.is_previous
  from (
    select distinct on (d.kind, d.scope, d.value) d.kind, d.scope, d.value, d.ordinal, d.is_previous, i.delivery,
      case when c.ordinal is not null then 'id_change' when o.ordinal is not null then 'attached'
        else 'created' end as rule
    from unnest(p_unowned) d
    join unnest(p_items) i on i.ordinal = d.ordinal
    left join (select distinct x.ordinal from unnest(p_owned) x) o on o.ordinal = d.ordinal
    left join unnest(p_id_changes) c (ordinal) on c.ordinal = d.ordinal
    order by d.kind, d.scope, d.value, d.ordinal
  ) n
  order by n.kind, n.scope, n.value
  on conflict (workspace_id, kind, scope, value) do nothing;
  get diagnostics v_claimed = row_count;
  return v_claimed;
end;
$$;
comment on function crm_private.claim_identities(
  uuid, text, crm_private.inbound_item[], crm_private.item_identity[], crm_private.item_owner[], uuid[], int[]
) is
  'Claims identities nobody owns, in sorted order, for a contact that gets its row later (p_new_ids by ordinal): the
loser of a race waits here and then reads the winner, and no row is left behind. How many it got. p_id_changes: the
items that say the person''s id changed.';

-- sql/030_contacts/fn_contact_changes.sql
create function crm_private.contact_changes(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_contact_ids uuid[],
  p_identifications crm_private.item_identity[]
)
returns crm_private.contact_change[]
language plpgsql
stable
set search_path = ''
-- Look-ups have no other way than a loop; the join of what they found with the fields has.
set enable_nestloop = off
as $$
declare
  -- Several words for one field are there only where several items are of one contact.
  v_one_word_each boolean := (
    select count(*) = count(distinct p_contact_ids[i.ordinal])
    from unnest(p_items) i where p_contact_ids[i.ordinal] is not null);
begin
  -- The order of fields (field_wins) decides who a field belongs to, so a replay finds nothing to win.
  return (
    with items as materialized (
      select i.ordinal, p_contact_ids[i.ordinal] as contact_id, i.source_time as at, i.delivery,
        jsonb_build_object('source', p_sync_source, 'at', i.source_time, 'delivery', i.delivery) as source
      from unnest(p_items) i
    ), incoming as not materialized (
      select i.*, f.field, f.value, false as is_identification
      from crm_private.item_fields(p_items) f
      join items i on i.ordinal = f.ordinal
      where i.contact_id is not null
      union all
      -- Each identification is a field of its own: its value never changes, so what counts is when it was named last.
      select i.*, 'identification.' || d.value, to_jsonb(d.value), true
      from unnest(p_identifications) d
      join items i on i.ordinal = d.ordinal
      where i.contact_id is not null
    ), best as (
      -- Not materialized: exactly one of the two branches runs.
      select n.* from incoming n where v_one_word_each
      union all
      select i.*, w.field, (w.word).value, w.is_identification
      from (
        select n.field, n.is_identification, crm_private.last_word(array_agg(
          row(n.ordinal, p_sync_source, n.at, n.value, n.delivery)::crm_private.field_word)) as word
        from incoming n
        where not v_one_word_each
        group by n.contact_id, n.field, n.is_identification
      ) w
      join items i on i.ordinal = (w.word).ordinal
    ), known as materialized (
      -- Joined with nothing, the two are unpacked once and not once for each of their fields.
      select c.*, c.custom_attributes || '{}' as attributes, c.field_sources || '{}' as sources
      from (select distinct i.contact_id from items i where i.contact_id is not null) i
      cross join lateral (
        select x.* from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
      ) c
    ), judged as materialized (
      select b.ordinal, b.field, b.value, b.source, b.is_identification,
        case
          when b.field like 'custom\_attributes.%' then substr(b.field, length('custom_attributes.') + 1)
        end as custom,
        v.value is null or crm_private.field_wins(p_sync_source, b.at, b.value, b.delivery,
          coalesce(c.sources -> b.field ->> 'source', c.sync_source), (c.sources -> b.field ->> 'at')::timestamptz,
          v.value, c.sources -> b.field ->> 'delivery') as wins,
        v.value is distinct from b.value as differs,
        b.is_identification and c.id is not null and to_jsonb(c.identification) is distinct from b.value as corrects
      from best b
      left join known c on c.id = b.contact_id
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
          else case
            when b.is_identification then case when c.sources ? b.field then b.value end
            else c.attributes -> substr(b.field, length('custom_attributes.') + 1)
          end
        end as value
        offset 0
      ) v
    ), said as (
      select j.ordinal,
        jsonb_object_agg(j.field, j.value)
          filter (where j.wins and j.custom is null and not j.is_identification) as columns,
        jsonb_object_agg(j.custom, j.value) filter (where j.wins and j.custom is not null) as custom,
        jsonb_object_agg(j.field, j.source) filter (where j.wins) as sources,
        bool_or(j.wins and j.differs) filter (where not j.is_identification) as updates,
        bool_and(not j.wins) filter (where not j.is_identification)
          and bool_or(j.differs) filter (where not j.is_identification) as is_stale,
        bool_or(j.corrects) filter (where j.wins) as corrects
      from judged j
      group by j.ordinal
    )
    select array_agg(
      row(i.ordinal, i.contact_id, i.at, s.columns, s.custom, s.sources, s.updates, s.is_stale,
        s.corrects)::crm_private.contact_change order by i.ordinal)
    from items i
    left join said s on s.ordinal = i.ordinal
  );
end;
$$;
comment on function crm_private.contact_changes(
  uuid, text, crm_private.inbound_item[], uuid[], crm_private.item_identity[]
) is
  'What the items change about their contacts (p_contact_ids by ordinal), one element per item, in order: the best word
for each field, held against what is there, and when each of their identifications (p_identifications) was named last. A
contact without a row yet has no fields.';

-- sql/030_contacts/fn_contact_excludes.sql
create function crm_private.contact_excludes(
  p_workspace_id uuid,
  p_contact_id uuid,
  p_kinds text[],
  p_scopes text[],
  p_values text[]
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    -- Read by contact, written so that the planner is offered no other index; then no table is left to join.
    with own as materialized (
      select i.kind, i.scope, i.value, i.is_previous
      from crm.contact_identities i
      where i.contact_id = p_contact_id and i.workspace_id is not distinct from p_workspace_id
        and i.kind = any (crm_private.exclusive_kinds())
    )
    select exists (
      select
      from own i
      join unnest(p_kinds, p_scopes, p_values) g (kind, scope, value) on g.kind = i.kind and g.scope = i.scope
        and g.value <> i.value
      where not i.is_previous
        -- The contact may already hold the given value beside another one that an id change recorded.
        and not exists (select from own o where o.kind = g.kind and o.scope = g.scope and o.value = g.value)
        -- An id that a provider gave names the person, whatever typed ids say: people mistype those, and correct them.
        and not (i.kind <> all (crm_private.exclusive_provider_kinds()) and exists (
          select
          from own o
          join unnest(p_kinds, p_scopes, p_values) n (kind, scope, value) on n.kind = o.kind and n.scope = o.scope
            and n.value = o.value
          where not o.is_previous and o.kind = any (crm_private.exclusive_provider_kinds()))))
  );
end;
$$;
comment on function crm_private.contact_excludes(uuid, uuid, text[], text[], text[]) is
  'True when the contact cannot be the person with these identities: it has another current id of an exclusive kind.

An id of which the contact holds the given value as well sets nobody apart, and neither does a typed id (identification)
beside one that a provider gave and both have.';

-- sql/030_contacts/fn_contact_outcomes.sql
create function crm_private.contact_outcomes(
  p_workspace_id uuid,
  p_sync_source text,
  p_changes crm_private.contact_change[],
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
      select w.ordinal, w.contact_id, w.updates, w.is_stale,
        row_number() over (partition by w.contact_id order by w.ordinal) = 1 as is_first
      from unnest(p_changes) w
    ), contacts as materialized (
      select i.contact_id, c.needs_full_sync
      from (select distinct x.contact_id from items x where x.contact_id is not null) i
      cross join lateral (
        select x.needs_full_sync from crm.contacts x
        where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
      ) c
    )
    select array_agg(case
        when i.contact_id is null then 'ignored'
        when i.is_first and n.id is not null then 'created'
        when i.is_first and u.id is not null then 'upgraded'
        when i.updates then 'updated'
        when p_sync_source = 'chat_embedded' and not c.needs_full_sync then 'linked'
        when i.is_stale then 'stale'
        else 'unchanged'
      end order by i.ordinal)
    from items i
    left join contacts c on c.contact_id = i.contact_id
    left join unnest(p_created) n (id) on n.id = i.contact_id
    left join unnest(p_upgraded) u (id) on u.id = i.contact_id
  );
end;
$$;
comment on function crm_private.contact_outcomes(uuid, text, crm_private.contact_change[], uuid[], uuid[]) is
  'What became of each item''s contact, in order: created, upgraded, updated (a field changed), linked (a chat met a
full contact and changed nothing), stale (only older values), unchanged, ignored (no usable identity).';

-- sql/030_contacts/fn_contact_text_fields.sql
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
comment on function crm_private.contact_text_fields() is
  'The text fields of a contact that sources give. wa_id and identification are not among them: they follow from the
identities.';

-- sql/030_contacts/fn_contacts_are_kept_apart.sql
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
        -- Each read by its contact, written so that the planner is offered no other index.
        from (
          select i.kind, i.scope, i.value from crm.contact_identities i
          where i.contact_id = p_contact_id and i.workspace_id is not distinct from p_workspace_id
            and i.kind = any (crm_private.exclusive_kinds()) and not i.is_previous
          offset 0
        ) a
        join (
          select i.kind, i.scope, i.value from crm.contact_identities i
          where i.contact_id = p_other_id and i.workspace_id is not distinct from p_workspace_id and not i.is_previous
          offset 0
        ) b on b.kind = a.kind and b.scope = a.scope and b.value <> a.value)
  );
end;
$$;
comment on function crm_private.contacts_are_kept_apart(uuid, uuid, uuid) is
  'True when the two must not merge on their own: somebody rejected the pair, or they hold different ids of a kind that
a person has only one of.';

-- sql/030_contacts/fn_count_ids_under_default_country.sql
create function crm_private.count_ids_under_default_country(p_before crm.workspaces, p_after crm.workspaces)
returns int
language plpgsql
stable
set search_path = ''
as $$
declare
  v_prefix text;
begin
  if p_before.default_country = p_after.default_country then
    return 0;
  end if;
  select '+' || p.calling_code into v_prefix from crm_private.phone_plans p where p.country = p_before.default_country;
  return (
    select count(*)
    from (
      select
      from crm.contact_identities i
      -- The fields that gave the number, as they were written; null where none did.
      cross join lateral (
        select bool_or(g.given !~ '^\s*\+' and i.value is distinct from
          crm_private.canonical_identity_value('phone', g.given, p_after.default_country)) as is_read_differently
        from crm.contacts c
        cross join lateral (values (c.mobile), (c.phone)) g (given)
        where c.workspace_id = p_before.id and c.id = i.contact_id and g.given is not null
          and (translate(g.given, ' ()-.', '') = i.value
            or crm_private.canonical_identity_value('phone', g.given, p_before.default_country) = i.value)
      ) f
      where i.workspace_id = p_before.id and i.kind = 'phone' and i.scope = ''
        and coalesce(f.is_read_differently,
          -- Listed among identities: how it was written is not kept, but the number of a wa_id has its country code.
          i.value >= v_prefix and i.value < v_prefix || ':'
          and not exists (
            select from unnest(i.value || crm_private.phone_variants(i.value)) v (value)
            join crm.contact_identities w on w.workspace_id = p_before.id and w.kind = 'wa_id' and w.scope = ''
              and w.value = substr(v.value, 2))
          and i.value is distinct from
            crm.normalize_phone(substr(i.value, length(v_prefix) + 1), p_after.default_country))
      limit 1000
    ) n
  );
end;
$$;
comment on function crm_private.count_ids_under_default_country(crm.workspaces, crm.workspaces) is
  'How many phone numbers, up to 1,000, would be read differently in the new country.

update_workspace refuses such a change. Of a number that no field gave, only its canonical form is kept: one of the old
country
counts, unless it is a wa_id as well.';

-- sql/030_contacts/fn_field_source.sql
create function crm_private.field_source(p_contact crm.contacts, p_field text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(p_contact.field_sources -> p_field, jsonb_build_object(
    'source', case p_contact.sync_source when 'chat_embedded' then 'chat_embedded' else 'contacts_api' end, 'at', null,
    'delivery', null));
end;
$$;
comment on function crm_private.field_source(crm.contacts, text) is
  'Who wrote the contact''s field: {source, at, delivery}. A field without an entry in field_sources counts as the
contact''s own source''s, at an unknown time.';

-- sql/030_contacts/fn_field_wins.sql
create function crm_private.field_wins(
  p_source text,
  p_at timestamptz,
  p_value jsonb,
  p_delivery text,
  p_other_source text,
  p_other_at timestamptz,
  p_other_value jsonb,
  p_other_delivery text
)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- 1 and "1" read alike, so their JSON counts too: that makes the order total.
  return
    row(p_source is distinct from 'chat_embedded', coalesce(p_at, '-infinity'),
      p_value #>> '{}' collate "C", p_value::text collate "C", coalesce(p_delivery, '') collate "C")
    > row(p_other_source is distinct from 'chat_embedded', coalesce(p_other_at, '-infinity'),
      p_other_value #>> '{}' collate "C", p_other_value::text collate "C", coalesce(p_other_delivery, '') collate "C");
end;
$$;
comment on function crm_private.field_wins(text, timestamptz, jsonb, text, text, timestamptz, jsonb, text) is
  'The order of fields: true when the first word on a field of a contact outweighs the other one.

What decides, in this order: the source (the Contacts API always outweighs a chat), its time (an unknown one is the
oldest), the value, the delivery.
The order is total, so the winner does not depend on the order of arrival, and a word does not win against itself.';

-- sql/030_contacts/fn_given_identities.sql
create function crm_private.given_identities(p_items crm_private.inbound_item[])
returns table (ordinal int, kind text, scope text, value text, is_previous boolean)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with named as (
    select i.ordinal, e.value ->> 'kind' as kind, e.value ->> 'scope' as scope,
      e.value ->> 'value' as value, l.is_previous
    from unnest(p_items) i
    cross join lateral (
      values (i.participant -> 'identities', false), (i.participant -> 'previous_identities', true)
    ) l (list, is_previous)
    cross join lateral jsonb_array_elements(l.list) e
    where i.problem is null and jsonb_typeof(l.list) = 'array'
  )
  select n.ordinal, n.kind, n.scope, n.value, n.is_previous from named n
  union all
  -- A WhatsApp number is a phone number: so it meets the person whom other sources know by phone.
  select n.ordinal, 'phone', null, '+' || ltrim(btrim(n.value), '+'), n.is_previous
  from named n
  where n.kind = 'wa_id'
  union all
  select i.ordinal, f.kind, null, f.value, false
  from unnest(p_items) i
  cross join lateral (
    values
      ('identification', i.participant ->> 'identification'),
      ('wa_id', i.participant ->> 'wa_id'),
      ('phone', '+' || ltrim(btrim(i.participant ->> 'wa_id'), '+')),
      ('phone', coalesce(nullif(btrim(i.participant ->> 'mobile'), ''), i.participant ->> 'phone')),
      ('email', i.participant ->> 'email')
  ) f (kind, value)
  where i.problem is null and i.participant ?| '{identification,wa_id,mobile,phone,email}' and length(f.value) <= 256;
end;
$$;
comment on function crm_private.given_identities(crm_private.inbound_item[]) is
  'The identities of the items'' participants as given: those listed, those that changed (is_previous), the phone number
that a wa_id is, and those among the fields (identification, wa_id, mobile or else phone, email). A landline is none,
and nothing longer than 256 characters.';

-- sql/030_contacts/fn_heirs_are_overtaken.sql
create function crm_private.heirs_are_overtaken(
  p_workspace_id uuid,
  p_unowned crm_private.item_identity[],
  p_heirs uuid[]
)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return exists (
    select
    from unnest(p_unowned) d
    cross join lateral (
      select
      from crm.contact_identities i
      where i.contact_id = p_heirs[d.ordinal] and i.workspace_id is not distinct from p_workspace_id
        and i.kind = d.kind and i.scope = d.scope and i.value <> d.value and not i.is_previous
      offset 0
    ) other
    where d.kind = any (crm_private.exclusive_kinds()) and p_heirs[d.ordinal] is not null)
    -- Merged away, or deleted, after it was chosen and before it was
    -- locked: what was claimed for it did not move with the rest.
    or exists (
      select
      from (select distinct h.id from unnest(p_heirs) h (id) where h.id is not null) h
      left join lateral (
        select true as is_there from crm.contacts c
        where c.workspace_id = p_workspace_id and c.id = h.id and c.merged_into_id is null offset 0
      ) c on true
      where c.is_there is null);
end;
$$;
comment on function crm_private.heirs_are_overtaken(uuid, crm_private.item_identity[], uuid[]) is
  'True when somebody else was faster with a contact, which the caller has locked by now: it was merged away or deleted,
or it has two ids of a kind that a person has only one of, one of them from this call.';

-- sql/030_contacts/fn_identity_heirs.sql
create function crm_private.identity_heirs(
  p_workspace_id uuid,
  p_identities crm_private.item_identity[],
  p_unowned crm_private.item_identity[],
  p_owned crm_private.item_owner[],
  p_count int
)
returns uuid[]
language plpgsql
stable
set search_path = ''
as $$
declare
  v_owners uuid[] := crm_private.owners_by_ordinal(p_owned, p_count);
  v_refused int;
begin
  -- Who may have a new id of a kind that a person has only one of is decided one by one, and so is a change of ids.
  for v_refused in
    select d.ordinal from unnest(p_identities) d where d.is_previous
    union
    select u.ordinal
    from (
      select d.ordinal, d.kind, d.scope, d.value, v_owners[d.ordinal] as owner_id,
        min(d.value) over (partition by v_owners[d.ordinal], d.kind, d.scope)
          <> max(d.value) over (partition by v_owners[d.ordinal], d.kind, d.scope) as is_disputed
      from unnest(p_unowned) d
      where d.kind = any (crm_private.exclusive_kinds()) and v_owners[d.ordinal] is not null
    ) u
    where u.is_disputed or exists (
      select
      from crm.contact_identities i
      where i.contact_id = u.owner_id and i.workspace_id is not distinct from p_workspace_id
        and i.kind = u.kind and i.scope = u.scope and i.value <> u.value and not i.is_previous)
  loop
    v_owners[v_refused] := null;
  end loop;
  return v_owners;
end;
$$;
comment on function crm_private.identity_heirs(
  uuid, crm_private.item_identity[], crm_private.item_identity[], crm_private.item_owner[], int
) is
  'The contact, by ordinal, that simply gets the identities of the item that nobody owns: the one owner of its others,
unless it has, or is offered, another id of a kind that a person has only one of. Null where that takes resolve_bridge,
or a new contact.';

-- sql/030_contacts/fn_identity_may_be_of_account.sql
create function crm_private.identity_may_be_of_account(p_kind text, p_scope text, p_account crm.channel_accounts)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case crm_private.kind_scopes() ->> p_kind
    when 'account' then p_scope = crm_private.identity_scope(p_kind, null, p_account)
    when 'chats' then split_part(p_scope, ':', 2) = p_account.external_id
    else true
  end;
end;
$$;
comment on function crm_private.identity_may_be_of_account(text, text, crm.channel_accounts) is
  'False for an identity in this scope that belongs to another account: another page, another merchant.

A scope that several accounts share says nothing about the account, and neither does none.';

-- sql/030_contacts/fn_identity_owners.sql
create function crm_private.identity_owners(
  p_workspace_id uuid,
  p_ordinal int,
  p_identities crm_private.item_identity[]
)
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
        row_number() over (order by min(d.strength + case when d.is_previous then 100 else 0 end), min(d.scope),
          min(d.value), i.contact_id) as place
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
  'The contacts that own the item''s identities, the strongest identity''s owner first, current ids before previous
ones. An id may have no row yet.';

-- sql/030_contacts/fn_identity_scope.sql
create function crm_private.identity_scope(p_kind text, p_scope text, p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case crm_private.kind_scopes() ->> p_kind
    when 'account' then coalesce(p_scope, p_account.external_id, '')
    when 'business' then coalesce(crm_private.business_scope(p_account), p_scope, p_account.external_id, '')
    when 'chats' then coalesce(p_scope, 'chats:' || p_account.external_id, '')
    else ''
  end;
end;
$$;
comment on function crm_private.identity_scope(text, text, crm.channel_accounts) is
  'The scope in which an identity of the kind is stored that a delivery of the account gives, with p_scope or without.

By the kind''s scope_from; '''' for a kind without one. Only kinds in kind_scopes() need the call.';

-- sql/030_contacts/fn_identity_scopes.sql
create function crm_private.identity_scopes(p_workspace_id uuid, p_kind text)
returns setof text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_scope text;
begin
  -- One step of the primary key per scope, however many identities there are.
  select min(i.scope) into v_scope
  from crm.contact_identities i where i.workspace_id = p_workspace_id and i.kind = p_kind;
  while v_scope is not null loop
    return next v_scope;
    select min(i.scope) into v_scope
    from crm.contact_identities i
    where i.workspace_id = p_workspace_id and i.kind = p_kind and i.scope > v_scope;
  end loop;
end;
$$;
comment on function crm_private.identity_scopes(uuid, text) is
  'The scopes in which the workspace knows identities of this kind, in order.';

-- sql/030_contacts/fn_is_placeholder_name.sql
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
  'True for what providers and forms write where they know no name: such a value is no name, and never replaces one.
Digits and punctuation alone are a number, not a name.';

-- sql/030_contacts/fn_item_fields.sql
create function crm_private.item_fields(p_items crm_private.inbound_item[])
returns table (ordinal int, field text, value jsonb)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select i.ordinal, e.key, case
      when e.key = 'tags' then e.value
      when e.key = 'source_created_at' then to_jsonb(crm_private.event_time(e.value #>> '{}'))
      else to_jsonb(btrim(e.value #>> '{}'))
    end
  from unnest(p_items) i
  cross join lateral jsonb_each(case when jsonb_typeof(i.participant) = 'object' then i.participant else '{}' end) e
  where jsonb_typeof(e.value) <> 'null' and case
      when e.key = any (crm_private.contact_text_fields())
        then btrim(e.value #>> '{}') <> ''
          and not (e.key = 'full_name' and crm_private.is_placeholder_name(e.value #>> '{}'))
      when e.key = 'tags' then e.value <> '[]'
      else e.key = 'source_created_at'
    end
  union all
  select i.ordinal, 'custom_attributes.' || a.key, a.value
  from unnest(p_items) i
  cross join lateral jsonb_each(
    case when jsonb_typeof(i.participant -> 'custom_attributes') = 'object' then i.participant -> 'custom_attributes'
      else '{}' end) a
  where jsonb_typeof(a.value) <> 'null' and a.value <> '""';
end;
$$;
comment on function crm_private.item_fields(crm_private.inbound_item[]) is
  'The contact fields that each item gives a value for. Null, empty text and a placeholder name are no value. Each
custom attribute is a field of its own, named custom_attributes.<name>.';

-- sql/030_contacts/fn_item_identities.sql
create function crm_private.item_identities(p_account crm.channel_accounts, p_items crm_private.inbound_item[])
returns crm_private.item_identity[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with canonical as materialized (
      select g.ordinal, g.kind, g.is_previous,
        case
          when crm_private.kind_scopes() ? g.kind then crm_private.identity_scope(g.kind, g.scope, p_account)
          else ''
        end as scope,
        case crm_private.kind_forms() ->> g.kind
          when 'trimmed' then nullif(btrim(g.value), '')
          when 'e164' then crm_private.canonical_identity_value(g.kind, g.value,
            (select w.default_country from crm.workspaces w where w.id = p_account.workspace_id))
          else crm_private.canonical_identity_value(g.kind, g.value, null)
        end as value
      from crm_private.given_identities(p_items) g
    ), blocked as materialized (
      -- One expression per kind: matching each value against each pattern costs as many times more.
      select k.kind, '^(?:' || string_agg(b.pattern, '|') || ')$' as pattern
      from (select distinct c.kind from canonical c) k
      join crm.blocked_identity_values b on b.kind in ('*', k.kind)
        and (b.workspace_id is null or b.workspace_id = p_account.workspace_id)
      group by k.kind
    ), usable as materialized (
      select distinct on (c.ordinal, c.kind collate "C", c.scope collate "C", c.value collate "C") c.*
      from canonical c
      left join blocked b on b.kind = c.kind
      where c.value is not null
        and (b.pattern is null or c.value !~* b.pattern)
      order by c.ordinal, c.kind collate "C", c.scope collate "C", c.value collate "C", c.is_previous
    ), looked_up as (
      select u.ordinal, u.kind, u.scope, u.value, u.is_previous, false as is_variant from usable u
      union all
      select u.ordinal, u.kind, u.scope, v.value, u.is_previous, true
      from usable u
      cross join lateral unnest(crm_private.phone_variants(u.value)) v (value)
      where crm_private.kind_forms() ->> u.kind = 'e164'
        and u.value ~ '^[+]5[245]' -- Mexico's, Argentina's, Brazil's: no others have any.
        and not exists (select from usable x where x.ordinal = u.ordinal and x.kind = u.kind and x.value = v.value)
    )
    select coalesce(array_agg(row(
        u.ordinal, u.kind, u.scope, u.value,
        array_position(crm_private.kind_names(), u.kind), u.is_previous, u.is_variant
      )::crm_private.item_identity order by u.kind collate "C", u.scope collate "C", u.value collate "C", u.ordinal),
      '{}')
    from looked_up u
  );
end;
$$;
comment on function crm_private.item_identities(crm.channel_accounts, crm_private.inbound_item[]) is
  'The usable identities of all items: values in canonical form, with their scope, blocked ones dropped.

Phone numbers are there in each of their variants. Sorted, so that every caller locks in one order.';

-- sql/030_contacts/fn_last_word.sql
create function crm_private.last_word(p_words crm_private.field_word[])
returns crm_private.field_word
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_last crm_private.field_word := p_words[1];
  v_word crm_private.field_word;
begin
  foreach v_word in array p_words loop
    if crm_private.field_wins(v_word.source, v_word.at, v_word.value, v_word.delivery,
        v_last.source, v_last.at, v_last.value, v_last.delivery) then
      v_last := v_word;
    end if;
  end loop;
  return v_last;
end;
$$;
comment on function crm_private.last_word(crm_private.field_word[]) is
  'The word that wins against all others on the same field, by the order of fields (field_wins); null of none.';

-- sql/030_contacts/fn_lock_contacts.sql
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
  'Locks the owners that have a row, in id order: for no key update when their fields may change, else for share, so
that no merge takes them away meanwhile.';

-- sql/030_contacts/fn_lock_phone_variants.sql
create function crm_private.lock_phone_variants(
  p_workspace_id uuid,
  p_identities crm_private.item_identity[],
  p_unowned crm_private.item_identity[]
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_lock bigint;
begin
  if not exists (select from unnest(p_identities) d where d.is_variant) then
    return;
  end if;
  for v_lock in
    select distinct hashtextextended(p_workspace_id || least(u.value, v.value), 0)
    from unnest(p_unowned) u
    cross join lateral unnest(crm_private.phone_variants(u.value)) v (value)
    where crm_private.kind_forms() ->> u.kind = 'e164'
    order by 1
  loop
    perform pg_advisory_xact_lock(v_lock);
  end loop;
end;
$$;
comment on function crm_private.lock_phone_variants(uuid, crm_private.item_identity[], crm_private.item_identity[]) is
  'Lets only one transaction at a time claim a phone number that can be written in two ways: the two are different
identities, so the primary key alone would give one person two contacts.';

-- sql/030_contacts/fn_look_up_identities.sql
create function crm_private.look_up_identities(
  p_workspace_id uuid,
  p_identities crm_private.item_identity[],
  out owned crm_private.item_owner[],
  out unowned crm_private.item_identity[],
  out known crm_private.item_identity[]
)
language plpgsql
stable
set search_path = ''
as $$
begin
  with found as materialized (
    select d as identity, d.ordinal, d.is_variant, o.contact_id
    from unnest(p_identities) d
    left join lateral (
      select c.contact_id
      from crm.contact_identities c
      where c.workspace_id = p_workspace_id and c.kind = d.kind and c.scope = d.scope and c.value = d.value
      offset 0
    ) o on true
  )
  select
    array(
      select row(o.ordinal, o.contact_id)::crm_private.item_owner
      from (select distinct f.ordinal, f.contact_id from found f where f.contact_id is not null) o
      order by o.ordinal, o.contact_id),
    array(select f.identity from found f where f.contact_id is null and not f.is_variant),
    array(select f.identity from found f where f.contact_id is not null)
  into owned, unowned, known;
end;
$$;
comment on function crm_private.look_up_identities(uuid, crm_private.item_identity[]) is
  'Whose the identities are.

owned: the contacts that own the identities of each item, sorted and without repetition. A contact that this transaction
claimed may have no row yet.
unowned: the identities that no contact of the workspace has, in the order given; without variants, which are never
stored. known: the identities that a contact has, in the order given.';

-- sql/030_contacts/fn_normalize_email.sql
create function crm.normalize_email(p_raw text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  return substring(lower(btrim(p_raw,
    U&'\0009\000A\000B\000C\000D\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A'
    '\2028\2029\202F\205F\3000\FEFF'
  )) from '^[^@]+@[^@]+$');
end;
$$;
comment on function crm.normalize_email(text) is
  'An e-mail address without the white space around it (Unicode''s, and the byte order mark) and in lower case, or null
when it has not exactly one @ with something on both sides.';

-- sql/030_contacts/fn_note_identity_fields.sql
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
    select i.id, n.wa_id, n.identification, n.identifications > 1 or n.has_outranked as is_disputed
    from (select distinct c.id from unnest(p_contact_ids) c (id) where c.id is not null order by c.id) i
    cross join lateral (
      select max(x.value) filter (where x.kind = 'wa_id') as wa_id,
        max(x.value) filter (where x.kind = 'identification') as identification,
        count(*) filter (where x.kind = 'identification') as identifications,
        coalesce(bool_or(x.is_outranked), false) as has_outranked
      from crm.contact_identities x
      where x.contact_id = i.id and (not x.is_previous or x.is_outranked)
    ) n
    cross join lateral (
      select x.wa_id, x.identification
      from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.id offset 0
    ) c
    where row(c.wa_id, c.identification) is distinct from row(n.wa_id, n.identification) or n.identifications > 1
      or n.has_outranked
  loop
    if v_noted.is_disputed then
      v_noted.identification := crm_private.settle_identifications(p_workspace_id, v_noted.id);
    end if;
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
  'Brings the wa_id and the identification of the contacts to what their identities say, and decides which of several
identifications counts; returns those that changed. The caller has locked the contacts.';

-- sql/030_contacts/fn_note_previous_identities.sql
create function crm_private.note_previous_identities(p_workspace_id uuid, p_identities crm_private.item_identity[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_previous crm_private.item_identity;
begin
  for v_previous in
    select d.* from unnest(p_identities) d where d.is_previous and not d.is_variant order by d.kind, d.scope, d.value
  loop
    update crm.contact_identities i set is_previous = true, is_outranked = false
    where i.workspace_id = p_workspace_id and i.kind = v_previous.kind and i.scope = v_previous.scope
      and i.value = v_previous.value
      and (not i.is_previous or i.is_outranked);
  end loop;
end;
$$;
comment on function crm_private.note_previous_identities(uuid, crm_private.item_identity[]) is
  'Marks the identities that a delivery calls previous. Once marked, for good: the order of deliveries does not
matter.';

-- sql/030_contacts/fn_owners_by_ordinal.sql
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
      select x.ordinal, min(x.contact_id::text)::uuid as contact_id
      from unnest(p_owned) x group by x.ordinal having count(*) = 1
    ) o on o.ordinal = i.ordinal
    order by i.ordinal);
end;
$$;
comment on function crm_private.owners_by_ordinal(crm_private.item_owner[], int) is
  'The one owner of each item''s identities, by ordinal; null where there is none or more than one.';

-- sql/030_contacts/fn_participant_problems.sql
create function crm_private.participant_problems(p_participants jsonb[])
returns table (ordinal int, path text)
language plpgsql
stable
set search_path = ''
rows 1
as $$
begin
  return query
  select p.ordinal::int, '.' || f.key
  from unnest(p_participants) with ordinality p (participant, ordinal)
  cross join lateral jsonb_each(case when jsonb_typeof(p.participant) = 'object' then p.participant else '{}' end) f
  where jsonb_typeof(f.value) <> 'null'
    and case
      when f.key = any (crm_private.contact_text_fields() || '{identification,wa_id}') then
        jsonb_typeof(f.value) not in ('string', 'number') or length(f.value #>> '{}') > 4000
      when f.key in ('identities', 'previous_identities', 'tags') then jsonb_typeof(f.value) <> 'array'
      when f.key = 'custom_attributes' then jsonb_typeof(f.value) <> 'object'
      when f.key = 'source_updated_at' then crm_private.plausible_time(crm_private.event_time(f.value #>> '{}')) is null
      when f.key = 'source_created_at' then crm_private.event_time(f.value #>> '{}') is null
      else false
    end
  union all
  select p.ordinal::int, format('.%s[%s].%s', l.key, i.index - 1, w.wrong)
  from unnest(p_participants) with ordinality p (participant, ordinal)
  cross join lateral (
    values
      ('identities', p.participant -> 'identities'),
      ('previous_identities', p.participant -> 'previous_identities')
  ) l (key, list)
  cross join lateral jsonb_array_elements(
    case when jsonb_typeof(l.list) = 'array' then l.list else '[]' end) with ordinality i (identity, index)
  cross join lateral (
    select case
      when jsonb_typeof(i.identity) <> 'object'
        or coalesce(i.identity ->> 'kind', '') <> all (crm_private.kind_names()) then 'kind'
      when jsonb_typeof(i.identity -> 'value') is distinct from 'string'
        or length(i.identity ->> 'value') > 256 then 'value'
      when i.identity ? 'scope' and (
        jsonb_typeof(i.identity -> 'scope') not in ('string', 'null') or length(i.identity ->> 'scope') > 256)
        then 'scope'
    end as wrong
  ) w
  where w.wrong is not null
  union all
  -- Fields alone are bounded above; what is left to grow is custom attributes and tags.
  select p.ordinal::int, '.' || l.key
  from unnest(p_participants) with ordinality p (participant, ordinal)
  cross join lateral (
    values ('custom_attributes', p.participant -> 'custom_attributes'), ('tags', p.participant -> 'tags')
  ) l (key, value)
  where octet_length(l.value::text) > 262144
    or l.key = 'custom_attributes' and jsonb_typeof(l.value) = 'object'
      and (select count(*) from jsonb_object_keys(l.value)) > 500;
end;
$$;
comment on function crm_private.participant_problems(jsonb[]) is
  'What is wrong with participants, as JSON paths from each one''s root: a value of the wrong type, a source_updated_at
before 2004 or more than 24 hours ahead, an unknown identity kind, more than 256 kB of custom attributes or tags, more
than 500 custom attributes. Unknown fields are ignored.';

-- sql/030_contacts/fn_record_merge_candidates.sql
create function crm_private.record_merge_candidates(
  p_workspace_id uuid,
  p_ordinal int,
  p_identities crm_private.item_identity[],
  p_contact_id uuid
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, evidence)
  select p_workspace_id, least(p_contact_id, i.contact_id), greatest(p_contact_id, i.contact_id),
    jsonb_build_object('identities', jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value)
      order by i.kind, i.scope, i.value))
  from unnest(p_identities) d
  cross join lateral (
    select x.contact_id, x.kind, x.scope, x.value
    from crm.contact_identities x
    where x.workspace_id = p_workspace_id and x.kind = d.kind and x.scope = d.scope and x.value = d.value
    offset 0
  ) i
  where d.ordinal = p_ordinal and i.contact_id <> p_contact_id
  group by i.contact_id
  order by 2, 3
  on conflict (workspace_id, contact_a_id, contact_b_id) do nothing;
end;
$$;
comment on function crm_private.record_merge_candidates(uuid, int, crm_private.item_identity[], uuid) is
  'Makes the contact and whoever else owns one of the item''s identities a merge candidate, once per pair, with those
identities as evidence.';

-- sql/030_contacts/fn_resolve_bridge.sql
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
  v_claim record;
  v_kinds text[];
  v_scopes text[];
  v_values text[];
begin
  select array_agg(d.kind), array_agg(d.scope), array_agg(d.value)
  into v_kinds, v_scopes, v_values
  from unnest(p_identities) d
  where d.ordinal = p_ordinal and not d.is_previous;

  -- Lock the owners in id order and read the owners again, until
  -- the two agree: a merge may have moved identities meanwhile.
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
  cross join lateral (
    select x.id, x.needs_full_sync, x.created_at
    from crm.contacts x where x.workspace_id = p_workspace_id and x.id = o.id offset 0
  ) c
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
    cross join lateral (
      select x.id, x.needs_full_sync, x.created_at
      from crm.contacts x where x.workspace_id = p_workspace_id and x.id = o.id offset 0
    ) c
    where c.id <> v_target
    order by o.place
  loop
    -- Only stubs merge on their own, and into a contact that has a row.
    if (v_other.is_stub or v_target_is_stub)
      and v_target_created_at is not null
      and not crm_private.contact_excludes(p_workspace_id, v_other.id, v_kinds, v_scopes, v_values)
      and not crm_private.contacts_are_kept_apart(p_workspace_id, v_target, v_other.id) then
      if crm_private.survivor_of(v_target, v_target_is_stub, v_target_created_at, v_other.id, v_other.is_stub,
          v_other.created_at) = v_other.id then
        perform crm_private.apply_contact_merge(p_workspace_id, v_other.id, v_target,
          'bridged by a delivery', 'system');
        v_target := v_other.id;
        v_target_is_stub := v_other.is_stub;
        v_target_created_at := v_other.created_at;
      else
        perform crm_private.apply_contact_merge(p_workspace_id, v_target, v_other.id,
          'bridged by a delivery', 'system');
      end if;
    end if;
  end loop;

  -- What this call claimed for contacts that have no row yet belongs to the target.
  for v_claim in
    select d.kind, d.scope, d.value
    from unnest(p_identities) d
    cross join lateral (
      select x.contact_id
      from crm.contact_identities x
      where x.workspace_id = p_workspace_id and x.kind = d.kind and x.scope = d.scope and x.value = d.value
      offset 0
    ) i
    left join lateral (
      select true as is_there from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
    ) c on true
    where d.ordinal = p_ordinal and i.contact_id <> v_target and c.is_there is null
  loop
    update crm.contact_identities i set contact_id = v_target
    where i.workspace_id = p_workspace_id and i.kind = v_claim.kind and i.scope = v_claim.scope
      and i.value = v_claim.value;
  end loop;
  return v_target;
end;
$$;
comment on function crm_private.resolve_bridge(uuid, text, int, crm_private.item_identity[], uuid) is
  'The contact of an item whose identities have several owners: the strongest identity''s owner that can be this person,
else p_new_id. Stubs among the other owners are merged. The identities that stay elsewhere are the evidence for a merge
candidate, which the caller records once the contact has a row.';

-- sql/030_contacts/fn_resolve_contacts.sql
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
  v_heirs uuid[];
  v_claimed int;
  v_unowned crm_private.item_identity[];
  v_owned crm_private.item_owner[];
  v_known crm_private.item_identity[];
  v_known_owned crm_private.item_owner[];
  v_changes crm_private.contact_change[];
  v_bridges int[];
  v_after_bridges int[];
  v_id_changes int[];
  v_identifications crm_private.item_identity[];
  v_is_corrected boolean;
  v_changed uuid[];
  v_ordinal int;
  v_written record;
begin
  outcomes := array_fill('ignored'::text, array[cardinality(p_items)]);
  contact_ids := array_fill(null::uuid, array[cardinality(p_items)]);
  if cardinality(p_identities) = 0 then
    return;
  end if;
  select l.owned, l.unowned, l.known into v_owned, v_unowned, v_known
  from crm_private.look_up_identities(p_workspace_id, p_identities) l;
  v_bridges := array(select o.ordinal from unnest(v_owned) o group by o.ordinal having count(*) > 1);

  -- Everything known and nothing new said: no lock, no write. Only a chat can say that little: a record also upgrades.
  select coalesce(array_agg(distinct d.ordinal) filter (where d.is_previous), '{}'),
    coalesce(array_agg(d) filter (where d.kind = 'identification' and not d.is_previous), '{}')
  into v_id_changes, v_identifications
  from unnest(p_identities) d;
  if p_sync_source = 'chat_embedded' and cardinality(v_unowned) = 0 and cardinality(v_bridges) = 0 and not p_will_link
    and cardinality(v_id_changes) = 0 then
    contact_ids := crm_private.owners_by_ordinal(v_owned, cardinality(p_items));
    v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items, contact_ids, v_identifications);
    if not exists (select from unnest(v_changes) c where c.sources is not null) then
      outcomes := crm_private.contact_outcomes(p_workspace_id, p_sync_source, v_changes, '{}', '{}');
      return;
    end if;
  end if;

  -- What nobody owns goes to the item's owner where it has one
  -- that may have it, else to a contact that gets its row later.
  v_new_ids := array(select gen_random_uuid() from generate_series(1, cardinality(p_items)));
  if cardinality(v_unowned) > 0 then
    v_heirs := crm_private.identity_heirs(p_workspace_id, p_identities, v_unowned, v_owned, cardinality(p_items));
    v_new_ids := array(
      select coalesce(n.heir_id, n.id)
      from unnest(v_heirs, v_new_ids) with ordinality n (heir_id, id, place) order by n.place);
    perform crm_private.lock_phone_variants(p_workspace_id, p_identities, v_unowned);
    v_claimed := crm_private.claim_identities(p_workspace_id, p_sync_source, p_items, v_unowned, v_owned, v_new_ids,
      v_id_changes);
    if v_claimed = cardinality(v_unowned) and not exists (select from unnest(p_identities) d where d.is_variant) then
      -- All of it is ours, and no two items named the same: the owners
      -- are known without another look, and nobody else can change them.
      v_known_owned := v_owned;
      v_owned := array(
        select row(o.ordinal, o.contact_id)::crm_private.item_owner
        from (select * from unnest(v_owned) union select u.ordinal, v_new_ids[u.ordinal] from unnest(v_unowned) u) o
        order by o.ordinal, o.contact_id);
    else
      select l.owned into v_owned from crm_private.look_up_identities(p_workspace_id, p_identities) l;
    end if;
  end if;

  -- Lock the owners and read them again: a merge moves identities while it holds both contacts. If one was waited for,
  -- begin anew without what is locked by now: the owner it went to may come before it in the order of locks.
  -- Whoever brings fields or a bridge may write; whoever brings
  -- neither only needs the contact to stay. One mode for all.
  v_bridges := array(select o.ordinal from unnest(v_owned) o group by o.ordinal having count(*) > 1 order by o.ordinal);
  perform crm_private.lock_contacts(p_workspace_id, v_owned,
    p_sync_source = 'contacts_api' or cardinality(v_bridges) > 0 or cardinality(v_unowned) > 0
    or cardinality(v_id_changes) > 0 or cardinality(v_identifications) > 0
    or exists (select from unnest(p_items) i where i.participant - 'identities' - 'previous_identities' <> '{}'));
  if v_known_owned is null then
    v_known := p_identities;
    v_known_owned := v_owned;
  end if;
  if (select l.owned from crm_private.look_up_identities(p_workspace_id, v_known) l) is distinct from v_known_owned
    or v_heirs is not null and crm_private.heirs_are_overtaken(p_workspace_id, v_unowned, v_heirs) then
    raise exception using errcode = 'serialization_failure',
      message = 'A contact was merged away, or learned another id, meanwhile.';
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
    where o.ordinal <> all (v_bridges)
      and o.contact_id in (select v_new_ids[b.ordinal] from unnest(v_bridges) b (ordinal))
    order by o.ordinal);
  foreach v_ordinal in array v_after_bridges loop
    contact_ids[v_ordinal] := null;
  end loop;
  v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items, contact_ids, v_identifications);
  v_is_corrected := cardinality(v_identifications) > 0 and exists (select from unnest(v_changes) w where w.corrects);
  select * into v_written from crm_private.write_contacts(p_workspace_id, p_sync_source, v_changes, p_now);
  outcomes := crm_private.contact_outcomes(p_workspace_id, p_sync_source, v_changes, v_written.created,
    v_written.upgraded);
  if exists (select from crm.contact_merges m where m.survivor_id = any (contact_ids) and m.undone_at is null) then
    perform crm_private.tell_duplicates(p_workspace_id, p_sync_source, p_items, p_identities, v_unowned, v_changes,
      v_written.upgraded, p_now);
  end if;

  -- Several owners: a bridge, one at a time.
  foreach v_ordinal in array v_bridges || v_after_bridges loop
    contact_ids[v_ordinal] := case
      when v_ordinal = any (v_bridges)
        then crm_private.resolve_bridge(p_workspace_id, p_sync_source, v_ordinal, p_identities, v_new_ids[v_ordinal])
      else (crm_private.identity_owners(p_workspace_id, v_ordinal, p_identities))[1]
    end;
    v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items[v_ordinal:v_ordinal], contact_ids,
      v_identifications);
    v_is_corrected := v_is_corrected or cardinality(v_identifications) > 0
      and exists (select from unnest(v_changes) w where w.corrects);
    select * into v_written from crm_private.write_contacts(p_workspace_id, p_sync_source, v_changes, p_now);
    outcomes[v_ordinal] := (crm_private.contact_outcomes(p_workspace_id, p_sync_source, v_changes, v_written.created,
      v_written.upgraded))[1];
    if exists (
      select from crm.contact_merges m where m.survivor_id = contact_ids[v_ordinal] and m.undone_at is null) then
      perform crm_private.tell_duplicates(p_workspace_id, p_sync_source, p_items, p_identities, v_unowned, v_changes,
        v_written.upgraded, p_now);
    end if;
    perform crm_private.record_merge_candidates(p_workspace_id, v_ordinal, p_identities, contact_ids[v_ordinal]);
  end loop;

  -- A bridge may have merged away a contact that an earlier item of this call was given.
  if cardinality(v_bridges) > 0 then
    contact_ids := array(
      select crm_private.surviving_contact(p_workspace_id, c.id)
      from unnest(contact_ids) with ordinality c (id, place) order by c.place);
  end if;

  if cardinality(v_id_changes) > 0 or v_is_corrected
    or exists (select from unnest(v_unowned) d where d.kind in ('wa_id', 'identification')) then
    v_changed := crm_private.note_identity_fields(p_workspace_id,
      contact_ids || array(select o.contact_id from unnest(v_owned) o where cardinality(v_id_changes) > 0));
    outcomes := array(
      select case when o.outcome in ('unchanged', 'linked', 'stale') and o.id = any (v_changed) then 'updated'
        else o.outcome end
      from unnest(outcomes, contact_ids) with ordinality as o (outcome, id, place)
      order by o.place);
  end if;
end;
$$;
comment on function crm_private.resolve_contacts(
  uuid, text, crm_private.inbound_item[], crm_private.item_identity[], boolean, timestamptz
) is
  'The contact of each item (by ordinal; null without a usable identity) and what became of it, creating, updating and
merging as the rules of resolution say. One identity never points at two contacts: its primary key is claimed before
anything else. p_will_link: the caller will write references to the contacts, which are then locked against merges in
any case.';

-- sql/030_contacts/fn_resolve_contacts_again.sql
create function crm_private.resolve_contacts_again(
  p_account crm.channel_accounts,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  out contact_ids uuid[],
  out outcomes text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_identities crm_private.item_identity[] := crm_private.item_identities(p_account, p_items);
begin
  for v_attempt in 1..5 loop
    begin
      select r.contact_ids, r.outcomes into contact_ids, outcomes
      from crm_private.resolve_contacts(p_account.workspace_id, p_sync_source, p_items, v_identities, false,
        clock_timestamp()) r;
      return;
    exception when serialization_failure then
      -- A contact was merged away while this waited for it: what is locked is let go, and all is read anew.
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;
end;
$$;
comment on function crm_private.resolve_contacts_again(crm.channel_accounts, text, crm_private.inbound_item[]) is
  'resolve_contacts for items that are no delivery of a conversation, repeated when a merge came between.';

-- sql/030_contacts/fn_settle_identifications.sql
create function crm_private.settle_identifications(p_workspace_id uuid, p_contact_id uuid)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_current text;
begin
  -- Without a delivery on record, the source that attached the identification counts.
  v_current := (crm_private.last_word(array(
    select row(null, coalesce(c.source ->> 'source', i.source), (c.source ->> 'at')::timestamptz,
      to_jsonb(i.value), null)::crm_private.field_word
    from crm.contact_identities i
    cross join lateral (
      select x.field_sources -> ('identification.' || i.value) as source
      from crm.contacts x
      where x.workspace_id = p_workspace_id and x.id = p_contact_id
      offset 0
    ) c
    where i.contact_id = p_contact_id and i.kind = 'identification' and (not i.is_previous or i.is_outranked)
  ))).value #>> '{}';

  update crm.contact_identities i set is_previous = i.value <> v_current, is_outranked = i.value <> v_current
  where i.contact_id = p_contact_id and i.workspace_id is not distinct from p_workspace_id
    and i.kind = 'identification' and (not i.is_previous or i.is_outranked)
    and i.is_outranked <> (i.value <> v_current);
  return v_current;
end;
$$;
comment on function crm_private.settle_identifications(uuid, uuid) is
  'Decides which of a contact''s identifications counts, and returns it: of those that no delivery called previous, the
one that was named last, the Contacts API''s before any chat''s. The others are outranked. The caller has locked the
contact.';

-- sql/030_contacts/fn_store_contacts.sql
create function crm_private.store_contacts(
  p_account crm.channel_accounts,
  p_sync_source text,
  p_items crm_private.inbound_item[]
)
returns setof crm_private.contact_result
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_sound crm_private.inbound_item[];
  v_stored record;
  v_item crm_private.inbound_item;
  v_result crm_private.contact_result;
begin
  return query
  select i.ordinal, null::uuid, 'ignored', jsonb_build_object('code', i.problem, 'path', i.problem_path)
  from unnest(p_items) i
  where i.problem is not null;

  -- The phases find an item by its place, so the sound ones are counted anew.
  v_sound := array(
    select row(row_number() over (order by i.ordinal), i.thread_id, i.participant, i.source_time, i.updated_at,
      i.delivery, null, null)::crm_private.inbound_item
    from unnest(p_items) i
    where i.problem is null
    order by i.ordinal);
  if cardinality(v_sound) = 0 then
    return;
  end if;
  begin
    v_stored := crm_private.resolve_contacts_again(p_account, p_sync_source, v_sound);
    return query
    select i.ordinal, v_stored.contact_ids[i.place], v_stored.outcomes[i.place], null::jsonb
    from (
      select i.ordinal, row_number() over (order by i.ordinal) as place from unnest(p_items) i where i.problem is null
    ) i;
    return;
  exception when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
    null; -- One of them: which one shows one by one.
  end;

  for v_item in select i.* from unnest(p_items) i where i.problem is null order by i.ordinal loop
    v_result.ordinal := v_item.ordinal;
    v_item.ordinal := 1;
    begin
      v_stored := crm_private.resolve_contacts_again(p_account, p_sync_source, array[v_item]);
      v_result.contact_id := v_stored.contact_ids[1];
      v_result.outcome := v_stored.outcomes[1];
      v_result.error := null;
    exception when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
      v_result.contact_id := null;
      v_result.outcome := 'ignored';
      v_result.error := jsonb_build_object('code', 'refused_by_database', 'path', '$', 'sqlstate', sqlstate);
    end;
    return next v_result;
  end loop;
end;
$$;
comment on function crm_private.store_contacts(crm.channel_accounts, text, crm_private.inbound_item[]) is
  'Resolves and writes the contacts of items: all at once, and one by one only when the database refuses one of them
(SQLSTATE classes 22 and 23, PT400). One row per item, not in order; error is {code, path}. p_account gives the
workspace, and scopes where identities lack them.';

-- sql/030_contacts/fn_surviving_contact.sql
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
comment on function crm_private.surviving_contact(uuid, uuid) is
  'The contact that a chain of merges ends in; the contact itself when it was never merged; null when there is none.';

-- sql/030_contacts/fn_survivor_of.sql
create function crm_private.survivor_of(
  p_contact_id uuid,
  p_is_stub boolean,
  p_created_at timestamptz,
  p_other_id uuid,
  p_other_is_stub boolean,
  p_other_created_at timestamptz
)
returns uuid
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when row(p_is_stub, p_created_at, p_contact_id) < row(p_other_is_stub, p_other_created_at, p_other_id)
      then p_contact_id
    else p_other_id
  end;
end;
$$;
comment on function crm_private.survivor_of(uuid, boolean, timestamptz, uuid, boolean, timestamptz) is
  'Which of two contacts stays when they merge on their own: a full contact survives a stub; of two alike, the older.';

-- sql/030_contacts/fn_tell_duplicates.sql
create function crm_private.tell_duplicates(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_identities crm_private.item_identity[],
  p_new crm_private.item_identity[],
  p_changes crm_private.contact_change[],
  p_upgraded uuid[],
  p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_item record;
  v_named jsonb;
  v_came jsonb;
  v_contact_id uuid;
  v_merge record;
  v_told uuid[] := array_fill(null::uuid, array[cardinality(p_items)]);
  v_changes crm_private.contact_change[];
begin
  for v_item in
    -- Who brought nothing new, a replay for one, has nothing to tell.
    select c.contact_id, c.ordinal
    from unnest(p_changes) c
    where (c.sources is not null or c.contact_id = any (p_upgraded)
      or exists (select from unnest(p_new) u where u.ordinal = c.ordinal))
      and exists (select from crm.contact_merges m where m.survivor_id = c.contact_id and m.undone_at is null)
    order by c.ordinal
  loop
    -- What it names the contact by: ids that were known, and ids that
    -- came with it. One that somebody else was faster to bring was known.
    select coalesce(jsonb_agg(n.identity) filter (where not n.is_new), '[]'),
      coalesce(jsonb_agg(n.identity) filter (where n.is_new), '[]')
    into v_named, v_came
    from (
      select distinct jsonb_build_object('kind', d.kind, 'scope', d.scope, 'value', d.value) as identity,
        i.first_seen_at = now() and v_item.ordinal is not distinct from (
          select min(u.ordinal) from unnest(p_new) u
          where u.kind = d.kind and u.scope = d.scope and u.value = d.value) as is_new
      from unnest(p_identities) d
      cross join lateral (
        select x.first_seen_at, x.contact_id from crm.contact_identities x
        where x.workspace_id = p_workspace_id and x.kind = d.kind and x.scope = d.scope and x.value = d.value
        offset 0
      ) i
      where d.ordinal = v_item.ordinal and i.contact_id = v_item.contact_id
    ) n;
    continue when v_named = '[]';

    -- Down the merges, as long as one of them brought all of those that were known.
    v_contact_id := v_item.contact_id;
    loop
      select m.id, m.duplicate_id into v_merge
      from crm.contact_merges m
      where m.survivor_id = v_contact_id and m.undone_at is null and m.moved -> 'identities' @> v_named
      order by m.merged_at desc, m.id
      limit 1;
      exit when not found;
      update crm.contact_merges m set moved = jsonb_set(m.moved, '{identities}', m.moved -> 'identities' || v_came)
      where m.workspace_id = p_workspace_id and m.id = v_merge.id and not m.moved -> 'identities' @> v_came;
      v_told[v_item.ordinal] := v_merge.duplicate_id;
      v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source,
        p_items[v_item.ordinal:v_item.ordinal], v_told,
        array(
          select d from unnest(p_identities) d
          where d.ordinal = v_item.ordinal and d.kind = 'identification' and not d.is_previous));
      perform crm_private.write_contacts(p_workspace_id, p_sync_source, v_changes, p_now);
      v_contact_id := v_merge.duplicate_id;
    end loop;
  end loop;
end;
$$;
comment on function crm_private.tell_duplicates(
  uuid, text, crm_private.inbound_item[], crm_private.item_identity[], crm_private.item_identity[],
  crm_private.contact_change[], uuid[], timestamptz
) is
  'Tells the contacts that were merged away into those of p_changes what the items wrote to them, where an item names
its contact only by ids that came with such a merge: so that undoing the merge can give it back. What of p_new, the ids
that nobody had, came with such an item goes back too. An item that changed nothing (p_changes), brought no id and
upgraded nobody (p_upgraded) tells nobody. The caller has locked the contacts; who was merged away is locked only by who
holds the survivor.';

-- sql/030_contacts/fn_upsert_contact.sql
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
  v_nobody crm.channel_accounts;
  v_problem text;
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
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;

  v_nobody.workspace_id := p_workspace_id;
  select r.contact_ids[1], r.outcomes[1] into contact_id, outcome
  from crm_private.resolve_contacts_again(v_nobody, p_sync_source, array[row(1, null, p_contact,
    crm_private.event_time(p_contact ->> 'source_updated_at'), null, coalesce(p_contact ->> 'delivery', p_sync_source),
    null, null)::crm_private.inbound_item]) r;
  -- A statement of its own: the one before does not see what it wrote.
  select c.sync_source, c.version into sync_source, version
  from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id = contact_id;
  return next;
end;
$$;
comment on function crm.upsert_contact(uuid, text, jsonb) is
  'Resolves a contact by its identities and writes what the source knows of it. Outcome: created, linked, updated,
upgraded, unchanged, stale, or ignored (no usable identity: contact_id is null). p_contact: {identities: [{kind, scope?,
value}], previous_identities?, source_updated_at?, delivery?, full_name, email, …}; delivery names where the record came
from. PT400 invalid_input with the path, PT404 not_found.';

-- sql/030_contacts/fn_write_contacts.sql
create function crm_private.write_contacts(
  p_workspace_id uuid,
  p_sync_source text,
  p_changes crm_private.contact_change[],
  p_now timestamptz,
  out created uuid[],
  out upgraded uuid[]
)
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_one_item_each boolean := (
    select count(*) = count(distinct w.contact_id) from unnest(p_changes) w where w.contact_id is not null);
begin
  with given as materialized (
    select w.contact_id, w.source_time, w.columns, w.custom, w.sources
    from unnest(p_changes) w
    where w.contact_id is not null and v_one_item_each
    union all
    -- Several items of one contact: each field is in one of them only.
    select d.contact_id, d.source_time, o.columns, o.custom, o.sources
    from (
      select w.contact_id, max(w.source_time) as source_time, array_agg(w.columns) as columns,
        array_agg(w.custom) as custom, array_agg(w.sources) as sources
      from unnest(p_changes) w
      where w.contact_id is not null and not v_one_item_each
      group by w.contact_id
    ) d
    cross join lateral (
      select
        (select jsonb_object_agg(e.key, e.value) from unnest(d.columns) c, jsonb_each(c) e) as columns,
        (select jsonb_object_agg(e.key, e.value) from unnest(d.custom) c, jsonb_each(c) e) as custom,
        (select jsonb_object_agg(e.key, e.value) from unnest(d.sources) c, jsonb_each(c) e) as sources
    ) o
  ), targets as materialized (
    select g.contact_id, g.custom, g.sources,
      case when p_sync_source = 'contacts_api' then g.source_time end as source_updated_at,
      c.id is not null as is_there, coalesce(c.needs_full_sync, false) as was_stub,
      n.wa_id, n.identification, g.columns
    from given g
    left join lateral (
      select x.id, x.needs_full_sync
      from crm.contacts x where x.workspace_id = p_workspace_id and x.id = g.contact_id offset 0
    ) c on true
    -- A new contact is written once, with what its identities, claimed before, say of it.
    left join lateral (
      select max(x.value) filter (where x.kind = 'wa_id') as wa_id,
        max(x.value) filter (where x.kind = 'identification') as identification
      from crm.contact_identities x
      where c.id is null and x.contact_id = g.contact_id and not x.is_previous
      offset 0
    ) n on true
  ), inserted as (
    insert into crm.contacts (
      workspace_id, id, full_name, email, phone, mobile, landline, address, city, country, company, merchant_id,
      wa_id, identification, tags, custom_attributes, sync_source, needs_full_sync, last_sync_at, field_sources,
      source_created_at, source_updated_at)
    select p_workspace_id, t.contact_id, t.columns ->> 'full_name', t.columns ->> 'email', t.columns ->> 'phone',
      t.columns ->> 'mobile', t.columns ->> 'landline',
      t.columns ->> 'address', t.columns ->> 'city', t.columns ->> 'country', t.columns ->> 'company',
      t.columns ->> 'merchant_id', t.wa_id, t.identification, coalesce(t.columns -> 'tags', '[]'),
      coalesce(t.custom, '{}'), p_sync_source, p_sync_source = 'chat_embedded',
      p_now, coalesce(t.sources, '{}'), (t.columns ->> 'source_created_at')::timestamptz, t.source_updated_at
    from targets t
    where not t.is_there
    order by t.contact_id
    returning id
  ), updated as (
    update crm.contacts c set
      full_name = coalesce(t.columns ->> 'full_name', c.full_name),
      email = coalesce(t.columns ->> 'email', c.email),
      phone = coalesce(t.columns ->> 'phone', c.phone),
      mobile = coalesce(t.columns ->> 'mobile', c.mobile),
      landline = coalesce(t.columns ->> 'landline', c.landline),
      address = coalesce(t.columns ->> 'address', c.address),
      city = coalesce(t.columns ->> 'city', c.city),
      country = coalesce(t.columns ->> 'country', c.country),
      company = coalesce(t.columns ->> 'company', c.company),
      merchant_id = coalesce(t.columns ->> 'merchant_id', c.merchant_id),
      source_created_at = coalesce((t.columns ->> 'source_created_at')::timestamptz, c.source_created_at),
      tags = coalesce(t.columns -> 'tags', c.tags),
      custom_attributes = c.custom_attributes || coalesce(t.custom, '{}'),
      field_sources = c.field_sources || coalesce(t.sources, '{}'),
      source_updated_at = greatest(c.source_updated_at, t.source_updated_at),
      sync_source = case when p_sync_source = 'contacts_api' and c.sync_source = 'chat_embedded' then 'upgraded'
        else c.sync_source end,
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
comment on function crm_private.write_contacts(uuid, text, crm_private.contact_change[], timestamptz) is
  'Inserts the contacts (p_contact_ids by ordinal) that have no row yet, gives the others the fields that won, and
upgrades stubs when the Contacts API speaks; returns which were created and which upgraded. Contacts nothing changes for
are not written. The caller has locked them.';

-- sql/030_contacts/trg_contacts_bump_version.sql
create trigger bump_version
before update on crm.contacts
for each row execute function crm_private.bump_version();

-- sql/030_contacts/trg_contacts_normalize_phone.sql
create function crm_private.normalize_contact_phone()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.phone_normalized := crm.normalize_phone(coalesce(new.mobile, new.phone),
    (select w.default_country from crm.workspaces w where w.id = new.workspace_id));
  return new;
end;
$$;
comment on function crm_private.normalize_contact_phone() is
  'Trigger function: phone_normalized is normalize_phone(coalesce(mobile, phone)) with the workspace''s default country,
whoever writes.';

create trigger normalize_phone_on_insert
before insert on crm.contacts
for each row when (new.mobile is not null or new.phone is not null or new.phone_normalized is not null)
execute function crm_private.normalize_contact_phone();

create trigger normalize_phone_on_update
before update of mobile, phone, phone_normalized on crm.contacts
for each row when (
  old.mobile is distinct from new.mobile or old.phone is distinct from new.phone
    or old.phone_normalized is distinct from new.phone_normalized)
execute function crm_private.normalize_contact_phone();

-- sql/040_conversations/05_types.sql
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
  'One event of an item (ordinal), with its event_key and what is wrong with it, if anything.

index is its place in events, from 0.';

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

-- sql/040_conversations/10_tables.sql
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
  has_pending_effects boolean not null default false,
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
comment on column crm.conversations.last_inbound_at is
  'When the participant last wrote: the 24-hour reply window counts from here.

History from before the account was connected does not move it.';
comment on column crm.conversations.delivered_watermark is 'Everything we sent up to here has been delivered.';
comment on column crm.conversations.read_watermark is 'Everything we sent up to here has been read.';
comment on column crm.conversations.source_updated_at is 'The newest time the provider gave for the thread as a whole.';
comment on column crm.conversations.has_pending_effects is
  'Whether the next message has more effects: an event waits for its message, or the AI set a tag.

A new message reads it off the row that it updates anyway, as the row is after the wait for the lock. A look-up in the
same statement would show the state before the lock.';
comment on column crm.conversations.metadata is
  '`participant`: the participant as delivered, kept while contact_id is null.';
-- No index on columns that every message updates: the updates stay heap-only.
create index conversations_id_idx on crm.conversations (id);
create index conversations_contact_idx on crm.conversations (contact_id);
create index conversations_orphans_idx on crm.conversations (workspace_id, id) where contact_id is null;

create table crm.conversation_keys (
  workspace_id uuid not null,
  channel_account_id uuid not null,
  kind text not null,
  value text not null collate "C",
  conversation_id uuid not null,
  primary key (workspace_id, channel_account_id, kind, value),
  -- Deferred: a key is claimed before its conversation has a row, as an identity is (ADR 3).
  constraint conversation_fkey foreign key (workspace_id, channel_account_id, conversation_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade deferrable initially deferred,
  constraint kind_is_valid check (kind in ('participant', 'thread'))
);
comment on table crm.conversation_keys is
  'The dedup index of conversations: a thread id or participant points at one conversation of the account.';
comment on column crm.conversation_keys.value is
  'The provider''s thread id, or <identity kind>:<value> of the participant.';
create index conversation_keys_conversation_idx on crm.conversation_keys (conversation_id);

create table crm.conversation_merges (
  workspace_id uuid not null,
  duplicate_id uuid not null,
  channel_account_id uuid not null,
  survivor_id uuid not null,
  merged_at timestamptz not null default clock_timestamp(),
  primary key (workspace_id, duplicate_id),
  constraint survivor_fkey foreign key (workspace_id, channel_account_id, survivor_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade,
  constraint not_merged_into_itself check (survivor_id <> duplicate_id)
);
comment on table crm.conversation_merges is
  'Every conversation that turned out to be the same thread as another one and was merged into it.

The duplicate no longer has a row. A room above attaches here: a trigger on insert runs while the duplicate still has
its row and its references (ADR 29).';
comment on column crm.conversation_merges.survivor_id is
  'The conversation that has everything now. It follows when the survivor is merged away itself.';
create index conversation_merges_survivor_idx on crm.conversation_merges (survivor_id);

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
comment on table crm.conversation_tags is
  'Tags of a conversation. An inbound message removes those that the AI set before it occurred.';

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
comment on table crm.messages is
  'Something said, inbound or outbound, once per channel account and provider message id.';
comment on column crm.messages.status is
  'Of an outbound message: queued < sent < failed < delivered < read. It only rises. Null for an inbound one.

One exception: a copy with a finer time takes back what a watermark said of the whole second.';
comment on column crm.messages.error is 'Why a send failed, kept even if the provider later says it was delivered.';
comment on column crm.messages.edit_count is 'The number of the edit the body comes from; 0 for the original.';
comment on column crm.messages.unsent_at is
  'When the sender took it back. Body, attachments and payload are then gone for good.';
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
comment on table crm.contact_interaction_events is
  'Everything that happened in a conversation, once: messages, statuses, reactions, reads and any other event.';
comment on column crm.contact_interaction_events.event_key is
  'message:<id>, status:<id>:<status> or edit:<id>:<n>.

Any other event has <type>:<message id>:<milliseconds>:<hash of the payload>.';
-- These indexes lead with their own column, not with the workspace (ADR 7).
create index contact_interaction_events_conversation_idx
  on crm.contact_interaction_events (conversation_id, occurred_at);
create index contact_interaction_events_contact_idx on crm.contact_interaction_events (contact_id, occurred_at)
  where contact_id is not null;
create index contact_interaction_events_message_idx on crm.contact_interaction_events (message_id)
  where message_id is not null;
-- Early events only: those that came before their message. A new message looks its early events up here.
create index contact_interaction_events_early_idx on crm.contact_interaction_events (provider_message_id)
  where message_id is null and provider_message_id is not null;
-- Early events in order of arrival, for reconcile_contacts.
-- The condition on the type excludes no row; it keeps the planner from this index in the look-up above.
create index contact_interaction_events_early_since_idx
  on crm.contact_interaction_events (workspace_id, created_at, id)
  where message_id is null and provider_message_id is not null and event_type <> 'message';

-- sql/040_conversations/30_policies.sql
alter table crm.conversations enable row level security;
create policy members_read on crm.conversations for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.conversation_keys enable row level security;
create policy members_read on crm.conversation_keys for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.conversation_merges enable row level security;
create policy members_read on crm.conversation_merges for select to authenticated
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

-- sql/040_conversations/fn_apply_message_effects.sql
create function crm_private.apply_message_effects(p_account crm.channel_accounts, p_message_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ranks constant text[] := array['queued', 'sent', 'failed', 'delivered', 'read'];
  v_effect record;
begin
  -- Lock in a statement of its own: the next statement then reads the messages as they are under lock.
  -- A delivery to another conversation may speak of the same message.
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
        max(array_position(v_ranks, split_part(e.event_key, ':', -1)))
          filter (where e.event_type = 'status') as status_rank,
        (array_agg(e.payload -> 'error') filter (where e.event_type = 'status' and e.payload ? 'error'))[1] as error,
        (array_agg(e.payload ->> 'text'
          order by split_part(e.event_key, ':', -1)::bigint desc, length(e.payload ->> 'text') desc,
            e.payload ->> 'text' collate "C" desc)
          filter (where e.event_type = 'edit' and e.payload ? 'text'))[1] as body,
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
      status = n.status, error = n.error, edit_count = n.edit_count, unsent_at = n.unsent_at, body = n.body,
      attachments = n.attachments, payload = n.payload
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
  'Brings the messages to what their stored events say: status, last edit, nothing of what was taken back.

The status only rises (I11). The result depends on the set of events, not on their order of arrival.';

-- sql/040_conversations/fn_apply_pending_effects.sql
create function crm_private.apply_pending_effects(
  p_channel_account_id uuid,
  p_conversation_id uuid,
  p_provider_message_id text
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
begin
  select a.* into strict v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  perform crm_private.apply_message_effects(v_account,
    crm_private.attach_early_events(v_account, array['message:' || p_provider_message_id]));

  delete from crm.conversation_tags t
  using crm.messages m
  where m.workspace_id = v_account.workspace_id and m.channel_account_id = v_account.id
    and m.provider_message_id = p_provider_message_id
    and m.direction = 'inbound'
    and t.workspace_id = v_account.workspace_id and t.conversation_id = p_conversation_id and t.set_by = 'ai'
    and t.set_at < m.sent_at;

  perform crm_private.refresh_pending_effects(v_account, array[p_conversation_id]);
end;
$$;
comment on function crm_private.apply_pending_effects(uuid, uuid, text) is
  'Applies what follows from a new message: events that waited for it, and the tags that it answers.

An inbound message removes the tags that the AI set before it.';

-- sql/040_conversations/fn_apply_watermarks.sql
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
  'Marks outbound messages up to the conversations'' watermarks as delivered or read.

p_conversations are the rows as they were before. It looks only at messages between the old watermark and the new one.';

-- sql/040_conversations/fn_attach_early_events.sql
create function crm_private.attach_early_events(p_account crm.channel_accounts, p_message_keys text[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_waiting record;
  v_messages uuid[] := array[]::uuid[];
begin
  -- One by one: early events are few. The look-up that finds none has to be cheap.
  for v_waiting in
    select w.id, m.id as message_id
    from unnest(p_message_keys) k (key)
    cross join lateral (
      select e.id, e.provider_message_id
      from crm.contact_interaction_events e
      where e.provider_message_id = substr(k.key, length('message:') + 1) and e.message_id is null
        -- is not distinct from: ADR 7.
        and e.workspace_id is not distinct from p_account.workspace_id
        and e.channel_account_id is not distinct from p_account.id
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
comment on function crm_private.attach_early_events(crm.channel_accounts, text[]) is
  'Ties events that came before their message (a status, an edit, a reaction) to the messages with these event keys.

Returns the messages that had any.';

-- sql/040_conversations/fn_check_conversation_patch.sql
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
  for v_key in
    select k.key from jsonb_object_keys(p_patch) k (key)
    where k.key not in ('status', 'tags_add', 'tags_remove', 'unread_count')
  loop
    perform crm_private.reject_input('$.' || v_key, 'A patch has status, tags_add, tags_remove and unread_count.');
  end loop;
  if p_patch ? 'status' and coalesce(p_patch ->> 'status', '') not in ('open', 'pending', 'closed') then
    perform crm_private.reject_input('$.status', 'A status is open, pending or closed.');
  end if;
  if p_patch ? 'unread_count'
    and (jsonb_typeof(p_patch -> 'unread_count') <> 'number' or p_patch ->> 'unread_count' !~ '^[0-9]{1,9}$') then
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
comment on function crm_private.check_conversation_patch(jsonb) is
  'Returns when update_conversation can apply the patch. PT400 invalid_input with the path otherwise.';

-- sql/040_conversations/fn_close_conversations.sql
create function crm_private.close_conversations(
  p_workspace_id uuid,
  p_conversation_ids uuid[],
  p_closed_at timestamptz[]
)
returns uuid[]
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_closing uuid[];
  v_closed uuid[];
begin
  -- Lock only the conversations that change, in id order.
  v_closing := array(
    select l.id
    from (
      select c.id, max(c.closed_at) as closed_at
      from unnest(p_conversation_ids, p_closed_at) c (id, closed_at)
      where c.id is not null and c.closed_at is not null
      group by c.id
      order by c.id
    ) i
    cross join lateral (
      select v.id
      from crm.conversations v
      where v.workspace_id = p_workspace_id and v.id = i.id and coalesce(v.status_changed_at, '-infinity') < i.closed_at
      for no key update
    ) l);
  if cardinality(v_closing) = 0 then
    return v_closing;
  end if;

  with closed as (
    update crm.conversations v set status = 'closed', status_changed_at = i.closed_at
    from (
      select c.id, max(c.closed_at) as closed_at
      from unnest(p_conversation_ids, p_closed_at) c (id, closed_at) group by c.id
    ) i
    where v.workspace_id = p_workspace_id and v.id = i.id and v.id = any (v_closing)
      and not exists (
        select from crm.messages m
        where m.conversation_id = v.id and m.direction = 'inbound' and m.sent_at > i.closed_at)
    returning v.id
  )
  select coalesce(array_agg(c.id), '{}') into v_closed from closed c;
  return v_closed;
end;
$$;
comment on function crm_private.close_conversations(uuid, uuid[], timestamptz[]) is
  'Closes conversations as of the times given, and returns those that it wrote.

A conversation stays open when the participant wrote later or the status changed later. A null time closes nothing.';

-- sql/040_conversations/fn_conversation_changes.sql
create function crm_private.conversation_changes(
  p_workspace_id uuid,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[]
)
returns table (
  conversation_id uuid,
  has_row boolean,
  changes boolean,
  contact_id uuid,
  metadata jsonb,
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
      (array_agg(p_contact_ids[i.ordinal] order by i.ordinal)
        filter (where p_contact_ids[i.ordinal] is not null))[1] as contact_id,
      (array_agg(i.participant order by i.source_time desc nulls last, i.participant::text collate "C" desc)
        filter (where i.participant is not null))[1] as participant,
      max(i.source_time) filter (where i.participant is not null) as participant_at,
      max(i.updated_at) as updated_at
    from unnest(p_items) i
    where p_conversation_ids[i.ordinal] is not null
    group by 1
  ), times as (
    -- Copies count too: the greatest time does not depend on the order of arrival.
    select p_conversation_ids[e.ordinal] as id,
      max(e.occurred_at) filter (where e.type = 'message') as last_message_at,
      max(e.occurred_at) filter (where (e.type = 'message' and e.direction = 'inbound' and not e.is_history)
        or e.type = 'postback') as last_inbound_at,
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
  select i.id, v.id is not null,
    -- The one place that says when a delivery changes a conversation.
    coalesce(v.id is null
      or u.unread > 0
      or (v.contact_id is null and i.contact_id is not null)
      or t.last_message_at > coalesce(v.last_message_at, '-infinity')
      or t.last_inbound_at > coalesce(v.last_inbound_at, '-infinity')
      or t.delivered_watermark > coalesce(v.delivered_watermark, '-infinity')
      or t.read_watermark > coalesce(v.read_watermark, '-infinity')
      or i.updated_at > coalesce(v.source_updated_at, '-infinity')
      or v.metadata <> m.metadata, false),
    i.contact_id, m.metadata, i.updated_at, t.last_message_at, t.last_inbound_at, t.delivered_watermark,
    t.read_watermark, coalesce(u.unread, 0), u.newest
  from items i
  left join times t on t.id = i.id
  left join unread u on u.id = i.id
  left join lateral (
    select x.* from crm.conversations x where x.workspace_id = p_workspace_id and x.id = i.id offset 0
  ) v on true
  cross join lateral (
    select crm_private.conversation_metadata(
      v.contact_id, coalesce(v.metadata, '{}'), i.contact_id, i.participant, i.participant_at) as metadata
    offset 0
  ) m;
end;
$$;
comment on function crm_private.conversation_changes(
  uuid, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[]
) is
  'What a delivery says about each conversation as a whole.

p_stored: those of p_events that were unknown before; the live inbound messages among them count as unread.
has_row: the conversation has its row already.
changes: the delivery gives the row something that it lacks; true without a row.
metadata: the conversation''s metadata after the delivery.';

-- sql/040_conversations/fn_conversation_metadata.sql
create function crm_private.conversation_metadata(
  p_contact_id uuid,
  p_metadata jsonb,
  p_new_contact_id uuid,
  p_participant jsonb,
  p_participant_at timestamptz
)
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
  'The conversation''s metadata after a delivery: without a contact it keeps the newest participant as delivered.

With a contact it keeps none.';

-- sql/040_conversations/fn_count_ids_under_business_id.sql
create function crm_private.count_ids_under_business_id(p_before crm.channel_accounts, p_after crm.channel_accounts)
returns int
language plpgsql
stable
set search_path = ''
as $$
declare
  v_after text := crm_private.business_scope(p_after);
begin
  if crm_private.business_scope(p_before) is not distinct from v_after then
    return 0;
  end if;
  return (
    select count(*)
    from (
      select
      from jsonb_each_text(crm_private.kind_scopes()) b (kind, scope_from)
      join crm.conversation_keys k on k.workspace_id = p_before.workspace_id and k.channel_account_id = p_before.id
        and k.kind = 'participant' and k.value >= b.kind || ':' and k.value < b.kind || ';'
      cross join lateral (select substr(k.value, length(b.kind) + 2) as value) d
      where b.scope_from = 'business'
        and exists (
          select from crm_private.identity_scopes(p_before.workspace_id, b.kind) s (scope)
          join crm.contact_identities i on i.workspace_id = p_before.workspace_id and i.kind = b.kind
            and i.scope = s.scope and i.value = d.value)
        -- An id that is known in the new scope as well is found there. Without a business, deliveries say the scope.
        and not exists (
          select from crm.contact_identities i
          where i.workspace_id = p_before.workspace_id and i.kind = b.kind and i.scope = v_after and i.value = d.value)
      limit 1000
    ) n
  );
end;
$$;
comment on function crm_private.count_ids_under_business_id(crm.channel_accounts, crm.channel_accounts) is
  'How many ids of people who wrote to the account, up to 1,000, are known in other scopes than the new business''s.

update_channel_account refuses such a change.';

-- sql/040_conversations/fn_enrich_messages.sql
create function crm_private.enrich_messages(
  p_account crm.channel_accounts,
  p_copies crm_private.inbound_event[],
  p_locked uuid[]
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_copy crm_private.inbound_event;
  v_message crm.messages;
  v_status text;
  v_is_withdrawn boolean;
begin
  -- Lock in a statement of its own: the next statement then reads the messages as they are under lock.
  -- A delivery to another conversation may bring the same message.
  perform l.id
  from (select distinct c.provider_message_id as id from unnest(p_copies) c order by 1) i
  cross join lateral (
    select x.id
    from crm.messages x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
      and x.provider_message_id = i.id
    for no key update
  ) l;

  for v_copy in
    select c.*
    from unnest(p_copies) c
    where c.provider_message_id in (
      select r.provider_message_id from crm_private.messages_enriched_by(p_account, p_copies) r)
  loop
    -- Read again: an earlier copy of this loop may have enriched the same message.
    for v_message in select r.* from crm_private.messages_enriched_by(p_account, array[v_copy]) r loop
      update crm.conversations v set unread_count = v.unread_count + 1,
        status = crm_private.status_after_inbound(v.status, v.status_changed_at, v_message.sent_at)
      from crm.messages m
      where m.workspace_id = p_account.workspace_id and m.id = v_message.id
        and m.is_history and not v_message.is_history and m.direction = 'inbound'
        and v.workspace_id = m.workspace_id and v.id = m.conversation_id;

      -- A watermark may lie between the whole second and the finer time: then the status that it gave is withdrawn.
      select s.status, s.status <> m.status and s.status <> 'read' and m.status in ('delivered', 'read')
      into v_status, v_is_withdrawn
      from crm.messages m
      join crm.conversations v on v.workspace_id = m.workspace_id and v.id = m.conversation_id
      cross join lateral (
        select crm_private.first_status(
          m.direction, v_message.sent_at, v.read_watermark, v.delivered_watermark) as by_watermarks
        offset 0
      ) w
      cross join lateral (
        select
          case
            -- Only under lock: another delivery may be moving the watermarks of a conversation that is not locked.
            when v.id = any (p_locked) and (
              m.status = 'read' and m.sent_at <= v.read_watermark
              or m.status = 'delivered' and m.sent_at <= v.delivered_watermark) then w.by_watermarks
            when w.by_watermarks = 'read'
              or w.by_watermarks = 'delivered' and m.status in ('queued', 'sent', 'failed') then w.by_watermarks
            else m.status
          end as status
      ) s
      where m.workspace_id = p_account.workspace_id and m.id = v_message.id;

      update crm.messages m set
        body = v_message.body,
        attachments = v_message.attachments,
        reply_to = v_message.reply_to,
        sent_at = v_message.sent_at,
        is_history = v_message.is_history,
        payload = v_message.payload,
        status = v_status
      where m.workspace_id = p_account.workspace_id and m.id = v_message.id;
      if v_is_withdrawn then
        -- The events of the message itself still count.
        perform crm_private.apply_message_effects(p_account, array[v_message.id]);
      end if;

      update crm.contact_interaction_events e set occurred_at = v_message.sent_at
      -- is not distinct from: ADR 7.
      where e.message_id = v_message.id and e.workspace_id is not distinct from p_account.workspace_id
        and e.event_type = 'message'
        and e.occurred_at <> v_message.sent_at;
    end loop;
  end loop;
end;
$$;
comment on function crm_private.enrich_messages(crm.channel_accounts, crm_private.inbound_event[], uuid[]) is
  'Gives stored messages what later copies of them know.

It works one by one, because copies that add something are few. A finer time also decides again what the watermarks say
of the message. p_locked are the conversations that the caller has locked: all of them, unless a copy turned up only
when the messages were stored.';

-- sql/040_conversations/fn_first_status.sql
create function crm_private.first_status(
  p_direction text,
  p_sent_at timestamptz,
  p_read_watermark timestamptz,
  p_delivered_watermark timestamptz
)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_direction = 'inbound' then null
    when p_sent_at <= p_read_watermark then 'read'
    when p_sent_at <= p_delivered_watermark then 'delivered'
    else 'sent'
  end;
end;
$$;
comment on function crm_private.first_status(text, timestamptz, timestamptz, timestamptz) is
  'The status of a message when it is stored: what the conversation''s watermarks already say of its time.

Returns sent, delivered or read; null for an inbound message, which has no status.';

-- sql/040_conversations/fn_has_early_events.sql
create function crm_private.has_early_events(p_channel_account_id uuid, p_provider_message_id text)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  return exists (
    select
    from crm.contact_interaction_events e
    where e.provider_message_id = p_provider_message_id and e.message_id is null
      -- is not distinct from: ADR 7.
      and e.channel_account_id is not distinct from p_channel_account_id);
end;
$$;
comment on function crm_private.has_early_events(uuid, text) is
  'True when an event came before the message it speaks of.

Where a person has several ids, the event may lie in another conversation; the message does not see that one''s
has_pending_effects.';

-- sql/040_conversations/fn_insert_conversations.sql
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
  insert into crm.conversations (workspace_id, id, channel_account_id, contact_id, unread_count, last_message_at,
    last_inbound_at, delivered_watermark, read_watermark, source_updated_at, metadata)
  select p_account.workspace_id, c.conversation_id, p_account.id, c.contact_id, c.unread, c.last_message_at,
    c.last_inbound_at, c.delivered_watermark, c.read_watermark, c.source_updated_at, c.metadata
  from crm_private.conversation_changes(
    p_account.workspace_id, p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
  join (
    select p_conversation_ids[n.ordinal] as id
    from unnest(p_are_new) with ordinality n (is_new, ordinal)
    where n.is_new
  ) n on n.id = c.conversation_id
  order by c.conversation_id;
end;
$$;
comment on function crm_private.insert_conversations(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[],
  uuid[], boolean[]
) is
  'Inserts the rows of the conversations that this transaction claimed, with what the delivery says of them.

Without a contact, the row keeps the participant as delivered.';

-- sql/040_conversations/fn_insert_events.sql
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
  select p_account.workspace_id, p_account.id, v.id, v.contact_id, m.id, e.provider_message_id, e.type, e.key,
    e.occurred_at,
    -- The text of a late edit does not come back once the message was unsent.
    case when m.unsent_at is not null and e.type = 'edit' then '{}' else e.payload end
  from unnest(p_events) e
  join unnest(p_conversations) v on v.id = p_conversation_ids[e.ordinal]
  left join lateral (
    select x.id, x.unsent_at
    from crm.messages x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
      and x.provider_message_id = e.provider_message_id
    offset 0
  ) m on true
  where e.type <> 'message'
  order by e.key collate "C"
  on conflict (workspace_id, channel_account_id, event_key) do nothing
  returning event_key, message_id, conversation_id, provider_message_id;
end;
$$;
comment on function crm_private.insert_events(
  crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]
) is
  'Stores the new events that are not messages, tied to their message where it is there. Returns what it stored.

The conversations are locked: a message of theirs that arrives meanwhile waits, and then finds these events. A message
that arrives through another conversation of the person finds them when the two merge.';

-- sql/040_conversations/fn_insert_messages.sql
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
      crm_private.first_status(e.direction, e.occurred_at, v.read_watermark, v.delivered_watermark) as first_status
    from unnest(p_events) e
    join unnest(p_conversations) v on v.id = p_conversation_ids[e.ordinal]
    where e.type = 'message'
  ), inserted as (
    insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction,
      body, attachments, reply_to, status, sent_at, is_history, payload)
    select p_account.workspace_id, p_account.id, n.conversation_id, n.provider_message_id, n.direction, n.body,
      n.attachments, n.reply_to, n.first_status, n.occurred_at, n.is_history, n.payload
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
comment on function crm_private.insert_messages(
  crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]
) is
  'Stores the new messages, each with its interaction event, in one statement. Returns their event keys.

p_conversations are the rows under lock: a late echo takes its status from their watermarks.';

-- sql/040_conversations/fn_item_keys.sql
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
    select coalesce(array_agg(row(k.ordinal, k.kind, k.value)::crm_private.item_key
      order by k.kind, k.value collate "C", k.ordinal), '{}')
    from (
      select i.ordinal, 'thread' as kind, i.thread_id as value
      from unnest(p_items) i
      where i.problem is null and i.thread_id is not null
      union all
      select d.ordinal, 'participant', d.kind || ':' || d.value
      from unnest(p_identities) d
      where crm_private.kind_channels() ->> d.kind = p_account.channel
    ) k
  );
end;
$$;
comment on function crm_private.item_keys(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.item_identity[]
) is
  'What names the conversation of each item: its thread id, and those ids of the participant that do on the channel.

Sorted, so that every caller claims in one order.';

-- sql/040_conversations/fn_lock_conversations.sql
create function crm_private.lock_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_enriched uuid[],
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
  v_is_gone boolean;
begin
  select array_agg(c.conversation_id) filter (where c.has_row and n.id is null and (c.changes or s.id is not null)),
    coalesce(bool_or(not c.has_row and n.id is null), false)
  into v_ids, v_is_gone
  from crm_private.conversation_changes(
    p_account.workspace_id, p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
  left join (
    select distinct n.id from unnest(p_conversation_ids, p_are_new) n (id, is_new) where n.is_new
  ) n on n.id = c.conversation_id
  left join (
    select distinct p_conversation_ids[s.ordinal] as id from unnest(p_stored) s
  ) s on s.id = c.conversation_id;

  -- A copy may arrive in another conversation of the person than the one that has its message.
  v_ids := array(select i.id from unnest(v_ids) i (id) union select r.id from unnest(p_enriched) r (id));
  if cardinality(v_ids) > 0 then
    select array_agg(l.conversation order by (l.conversation).id) into v_locked
    from (select i.id from unnest(v_ids) i (id) order by i.id) i
    cross join lateral (
      select x as conversation from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id
      for no key update
    ) l;
  end if;
  if v_is_gone or coalesce(cardinality(v_locked), 0) < cardinality(v_ids) then
    raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
  end if;
  return v_locked;
end;
$$;
comment on function crm_private.lock_conversations(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[],
  uuid[], uuid[], boolean[]
) is
  'Locks the existing conversations that this delivery changes, in id order. Returns their rows under lock.

That includes those with a message that a copy adds to (p_enriched). Null when there is none.

serialization_failure when one was merged away meanwhile: the caller resolves the delivery again.';

-- sql/040_conversations/fn_look_up_keys.sql
create function crm_private.look_up_keys(
  p_account crm.channel_accounts,
  p_keys crm_private.item_key[],
  out conversations crm_private.item_conversation[],
  out unclaimed crm_private.item_key[]
)
language plpgsql
stable
set search_path = ''
as $$
begin
  with looked_up as materialized (
    select k as key, k.ordinal, c.conversation_id
    from unnest(p_keys) k
    left join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and x.kind = k.kind and x.value = k.value
      offset 0
    ) c on true
  )
  select
    array(
      select row(o.ordinal, o.conversation_id)::crm_private.item_conversation
      from (select distinct l.ordinal, l.conversation_id from looked_up l where l.conversation_id is not null) o
      order by o.ordinal, o.conversation_id),
    array(select l.key from looked_up l where l.conversation_id is null)
  into conversations, unclaimed;
end;
$$;
comment on function crm_private.look_up_keys(crm.channel_accounts, crm_private.item_key[]) is
  'The conversations that the keys of each item point at, and the keys that no conversation of the account has.

conversations: sorted and without repetition. A conversation that this transaction claimed may have no row yet.
unclaimed: in the order given.';

-- sql/040_conversations/fn_merge_conversation_rows.sql
create function crm_private.merge_conversation_rows(
  p_account crm.channel_accounts,
  p_survivor_id uuid,
  p_duplicate_id uuid
)
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

  -- First: a trigger of a room above moves its own rows while the duplicate's row still exists (ADR 29).
  insert into crm.conversation_merges (workspace_id, channel_account_id, survivor_id, duplicate_id)
  values (p_account.workspace_id, p_account.id, p_survivor_id, p_duplicate_id);
  update crm.conversation_merges x set survivor_id = p_survivor_id
  where x.survivor_id = p_duplicate_id;

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
    -- The later decision counts. A message after both decisions reopens, whichever side was closed.
    status = case
      when 'closed' in (v.status, v_duplicate.status)
        and crm_private.status_after_inbound('closed', greatest(v.status_changed_at, v_duplicate.status_changed_at),
          greatest(v.last_inbound_at, v_duplicate.last_inbound_at)) = 'open' then 'open'
      when coalesce(v_duplicate.status_changed_at, '-infinity') > coalesce(v.status_changed_at, '-infinity')
        then v_duplicate.status
      else v.status
    end,
    status_changed_at = greatest(v.status_changed_at, v_duplicate.status_changed_at),
    unread_count = v.unread_count + v_duplicate.unread_count,
    last_message_at = greatest(v.last_message_at, v_duplicate.last_message_at),
    last_inbound_at = greatest(v.last_inbound_at, v_duplicate.last_inbound_at),
    delivered_watermark = greatest(v.delivered_watermark, v_duplicate.delivered_watermark),
    read_watermark = greatest(v.read_watermark, v_duplicate.read_watermark),
    source_updated_at = greatest(v.source_updated_at, v_duplicate.source_updated_at),
    has_pending_effects = v.has_pending_effects or v_duplicate.has_pending_effects,
    metadata = crm_private.conversation_metadata(v.contact_id, v_duplicate.metadata || v.metadata,
      v_duplicate.contact_id,
      v_duplicate.metadata -> 'participant', (v_duplicate.metadata ->> 'participant_at')::timestamptz)
  where v.workspace_id = p_account.workspace_id and v.id = p_survivor_id;

  delete from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = p_duplicate_id;

  select v.* into strict v_survivor
  from crm.conversations v
  where v.workspace_id = p_account.workspace_id and v.id = p_survivor_id;

  update crm.contact_interaction_events e set contact_id = v_survivor.contact_id
  where e.conversation_id = p_survivor_id and e.contact_id is distinct from v_survivor.contact_id;

  -- An early event of one side may belong to a message of the other.
  perform crm_private.apply_message_effects(p_account, crm_private.attach_early_events(p_account, array(
    select 'message:' || e.provider_message_id
    from crm.contact_interaction_events e
    where e.conversation_id = p_survivor_id and e.message_id is null and e.provider_message_id is not null)));

  -- A message of one side answers the tags that the AI set before it on the other.
  delete from crm.conversation_tags t
  where t.workspace_id = p_account.workspace_id and t.conversation_id = p_survivor_id and t.set_by = 'ai'
    and t.set_at < (
      select max(m.sent_at) from crm.messages m where m.conversation_id = p_survivor_id and m.direction = 'inbound');
  perform crm_private.refresh_pending_effects(p_account, array[p_survivor_id]);

  v_survivor.delivered_watermark := null;
  v_survivor.read_watermark := null;
  perform crm_private.apply_watermarks(p_account, array[v_survivor]);
end;
$$;
comment on function crm_private.merge_conversation_rows(crm.channel_accounts, uuid, uuid) is
  'Moves messages, events, keys and tags to the survivor, joins the two rows and deletes the duplicate''s.

The caller has locked both.';

-- sql/040_conversations/fn_merge_copy.sql
create function crm_private.merge_copy(
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
  -- The longer value wins, and of two equally long ones the greater: so the order of arrival does not matter.
  -- An edit outranks every copy. An unsent message takes no content from a copy.
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
    p_message.payload := crm_private.merge_payloads(p_message.payload, p_payload);
  end if;
  p_message.reply_to := greatest(p_message.reply_to collate "C", p_reply_to collate "C");
  -- The earlier time wins, and within one second the finer one: a provider may give the same time in whole seconds.
  p_message.sent_at := case
    when date_bin('1 second', p_message.sent_at, 'epoch') = date_bin('1 second', p_sent_at, 'epoch')
      then greatest(p_message.sent_at, p_sent_at)
    else least(p_message.sent_at, p_sent_at)
  end;
  p_message.is_history := p_message.is_history and p_is_history;
  return p_message;
end;
$$;
comment on function crm_private.merge_copy(crm.messages, text, jsonb, text, timestamptz, boolean, jsonb) is
  'The message with what another copy of it knows: richer text and attachments, the earlier time, all payload.

Within one second the finer time wins. Joining in any order, and again, gives the same row.';

-- sql/040_conversations/fn_merge_payloads.sql
create function crm_private.merge_payloads(p_one jsonb, p_other jsonb)
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
comment on function crm_private.merge_payloads(jsonb, jsonb) is
  'The keys of both objects; where both have a key, the greater value.

The order of the two makes no difference, and joining again changes nothing.';

-- sql/040_conversations/fn_messages_enriched_by.sql
create function crm_private.messages_enriched_by(p_account crm.channel_accounts, p_copies crm_private.inbound_event[])
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
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
      and x.provider_message_id = e.provider_message_id
    offset 0
  ) s
  cross join lateral crm_private.merge_copy(s.message, e.body, e.attachments, e.reply_to, e.occurred_at,
    e.is_history, e.payload) j
  where j is distinct from s.message;
end;
$$;
comment on function crm_private.messages_enriched_by(crm.channel_accounts, crm_private.inbound_event[]) is
  'The stored messages that one of the copies adds something to, as they are with it. Empty on a replay.';

-- sql/040_conversations/fn_move_conversations.sql
create function crm_private.move_conversations(p_merge crm.contact_merges)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_moved jsonb;
begin
  perform from crm.conversations v where v.contact_id = p_merge.duplicate_id order by v.id for no key update;
  with moved as (
    update crm.conversations v set contact_id = p_merge.survivor_id
    where v.contact_id = p_merge.duplicate_id
    returning v.id
  )
  select coalesce(jsonb_agg(m.id order by m.id), '[]') into v_moved from moved m;

  update crm.contact_interaction_events e set contact_id = p_merge.survivor_id
  where e.contact_id = p_merge.duplicate_id;
  return v_moved;
end;
$$;
comment on function crm_private.move_conversations(crm.contact_merges) is
  'Gives the duplicate''s conversations and their events to the survivor. Returns the conversations'' ids.

An event belongs to its conversation''s contact, so events need no list. The caller has locked both contacts.';

-- sql/040_conversations/fn_needs_linking.sql
create function crm_private.needs_linking(p_account crm.channel_accounts, p_keys crm_private.item_key[])
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  v_looked_up record;
begin
  select l.conversations, l.unclaimed into v_looked_up from crm_private.look_up_keys(p_account, p_keys) l;
  return cardinality(v_looked_up.unclaimed) > 0 or exists (
    select
    from unnest(v_looked_up.conversations) f
    left join lateral (
      select v.contact_id from crm.conversations v
      where v.workspace_id = p_account.workspace_id and v.id = f.conversation_id
      offset 0
    ) v on true
    where v.contact_id is null);
end;
$$;
comment on function crm_private.needs_linking(crm.channel_accounts, crm_private.item_key[]) is
  'True when one of the keys names no conversation yet, or one without a contact: the delivery will write a reference.';

-- sql/040_conversations/fn_refresh_pending_effects.sql
create function crm_private.refresh_pending_effects(p_account crm.channel_accounts, p_conversation_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.conversations v set has_pending_effects = not v.has_pending_effects
  where v.workspace_id = p_account.workspace_id and v.id = any (p_conversation_ids)
    and v.has_pending_effects <> (
      exists (
        select from crm.contact_interaction_events e
        where e.conversation_id = v.id
          and e.message_id is null and e.provider_message_id is not null)
      or exists (
        select from crm.conversation_tags t
        where t.workspace_id = v.workspace_id and t.conversation_id = v.id and t.set_by = 'ai'));
end;
$$;
comment on function crm_private.refresh_pending_effects(crm.channel_accounts, uuid[]) is
  'Brings has_pending_effects of the conversations to what their events and tags say. The caller has locked them.';

-- sql/040_conversations/fn_remove_answered_ai_tags.sql
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
      where v.has_pending_effects and s.type = 'message' and s.direction = 'inbound'
      group by v.id
    ) m
    where t.workspace_id = p_account.workspace_id and t.conversation_id = m.id and t.set_by = 'ai'
      and t.set_at < m.occurred_at
    returning t.conversation_id
  )
  select array_agg(a.conversation_id) into v_answered from answered a;
  if v_answered is not null then
    perform crm_private.refresh_pending_effects(p_account, v_answered);
  end if;
end;
$$;
comment on function crm_private.remove_answered_ai_tags(
  crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]
) is
  'Removes the tags that the AI set before a new inbound message occurred.

p_before are the conversations as they were under lock.';

-- sql/040_conversations/fn_resolve_conversations.sql
create function crm_private.resolve_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_keys crm_private.item_key[],
  p_will_link boolean,
  p_contact_ids uuid[],
  out conversation_ids uuid[],
  out are_new boolean[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_found crm_private.item_conversation[];
  v_unclaimed crm_private.item_key[];
  v_again crm_private.item_conversation[];
  v_new_ids uuid[];
  v_claimed boolean := false;
  v_ordinal int;
  v_survivor uuid;
  v_owner uuid;
  v_other record;
  v_is_gone boolean;
begin
  conversation_ids := array_fill(null::uuid, array[cardinality(p_items)]);
  are_new := array_fill(false, array[cardinality(p_items)]);
  select l.conversations, l.unclaimed into v_found, v_unclaimed from crm_private.look_up_keys(p_account, p_keys) l;

  if (p_will_link and cardinality(v_unclaimed) > 0)
    or exists (select from unnest(v_found) f group by f.ordinal having count(*) > 1) then
    -- Lock the conversations in id order. Claim the unclaimed keys in sorted order, for a conversation that another
    -- key of the item names, or for one that gets its row later.
    -- Read the keys again under lock: a merge may have committed while this transaction waited.
    v_new_ids := array(select gen_random_uuid() from generate_series(1, cardinality(p_items)));
    loop
      perform l.id
      from (select distinct f.conversation_id from unnest(v_found) f order by f.conversation_id) i
      cross join lateral (
        select v.id from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = i.conversation_id
        for no key update
      ) l;

      select l.conversations, l.unclaimed into v_again, v_unclaimed from crm_private.look_up_keys(p_account, p_keys) l;
      if v_again is distinct from v_found then
        if not v_claimed then
          raise exception using errcode = 'serialization_failure',
            message = 'A conversation was merged away meanwhile.';
        end if;
        v_found := v_again;
        continue;
      end if;
      exit when v_claimed;

      insert into crm.conversation_keys (workspace_id, channel_account_id, kind, value, conversation_id)
      select p_account.workspace_id, p_account.id, n.kind, n.value, coalesce(n.conversation_id, v_new_ids[n.ordinal])
      from (
        select distinct on (k.kind, k.value) k.kind, k.value, k.ordinal, f.conversation_id
        from unnest(v_unclaimed) k
        left join unnest(v_found) f on f.ordinal = k.ordinal
        order by k.kind, k.value, k.ordinal, f.conversation_id
      ) n
      order by n.kind, n.value
      on conflict (workspace_id, channel_account_id, kind, value) do nothing;
      v_claimed := true;
      select l.conversations into v_found from crm_private.look_up_keys(p_account, p_keys) l;
    end loop;

    -- An item with keys of several conversations merges them into the oldest; those of two contacts stay two.
    for v_ordinal in
      select f.ordinal from unnest(v_found) f group by f.ordinal having count(*) > 1 order by f.ordinal
    loop
      v_survivor := null;
      for v_other in
        select f.conversation_id as id, v.is_there, v.contact_id
        from crm_private.look_up_keys(p_account, p_keys) l
        cross join lateral unnest(l.conversations) f
        left join lateral (
          select true as is_there, x.created_at, x.contact_id
          from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = f.conversation_id offset 0
        ) v on true
        where f.ordinal = v_ordinal
          and (v.contact_id is null or p_contact_ids[v_ordinal] is null or v.contact_id = p_contact_ids[v_ordinal])
        order by v.created_at nulls last, f.conversation_id
      loop
        if v_survivor is null then
          v_survivor := v_other.id;
          v_owner := v_other.contact_id;
        elsif v_owner <> v_other.contact_id then
          continue;
        elsif v_other.is_there then
          perform crm_private.merge_conversation_rows(p_account, v_survivor, v_other.id);
          v_owner := coalesce(v_owner, v_other.contact_id);
        else
          update crm.conversation_keys k set conversation_id = v_survivor
          where k.workspace_id = p_account.workspace_id and k.channel_account_id = p_account.id
            and k.conversation_id = v_other.id;
        end if;
      end loop;
    end loop;
    -- Where conversations of two contacts remain, the item belongs to the one of its own contact.
    v_found := array(
      select distinct on (f.ordinal) row(f.ordinal, f.conversation_id)::crm_private.item_conversation
      from crm_private.look_up_keys(p_account, p_keys) l
      cross join lateral unnest(l.conversations) f
      left join lateral (
        select x.created_at, x.contact_id from crm.conversations x
        where x.workspace_id = p_account.workspace_id and x.id = f.conversation_id offset 0
      ) v on true
      order by f.ordinal, v.contact_id is not distinct from p_contact_ids[f.ordinal] desc, v.created_at nulls last,
        f.conversation_id);
  end if;

  -- Only a conversation that this call claimed may lack a row. Any other without one was merged away meanwhile.
  select array_agg(f.conversation_id order by i.ordinal),
    array_agg(f.conversation_id is not null and v.id is null
      and row_number = 1 order by i.ordinal),
    bool_or(f.conversation_id is not null and v.id is null
      and (v_new_ids is null or f.conversation_id <> all (v_new_ids)))
  into conversation_ids, are_new, v_is_gone
  from (
    select i.ordinal, f.conversation_id, row_number() over (partition by f.conversation_id order by i.ordinal)
    from unnest(p_items) i
    left join unnest(v_found) f on f.ordinal = i.ordinal
  ) f
  join unnest(p_items) i on i.ordinal = f.ordinal
  left join lateral (
    select x.id from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = f.conversation_id offset 0
  ) v on true;
  if v_is_gone then
    raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
  end if;
end;
$$;
comment on function crm_private.resolve_conversations(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.item_key[], boolean, uuid[]
) is
  'The conversation of each item, by ordinal, and whether the item is the first of one without a row.

Null when no key names a conversation. Keys are claimed before rows, so one thread never gets two conversations.
p_will_link: a key is to be claimed, or a contact to be linked. p_contact_ids: the items'' contacts, by ordinal.
Conversations of two contacts stay two.';

-- sql/040_conversations/fn_return_conversations.sql
create function crm_private.return_conversations(p_merge crm.contact_merges)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_conversation record;
  v_keys record;
  v_owner uuid;
  v_new_id uuid;
begin
  perform l.id from crm.conversations l where l.contact_id = p_merge.survivor_id order by l.id for no key update;
  for v_conversation in
    select v.id, v.channel_account_id, v.created_at, a as account,
      p_merge.moved -> 'conversations' ? v.id::text as was_moved
    from crm.conversations v
    join crm.channel_accounts a on a.workspace_id = v.workspace_id and a.id = v.channel_account_id
    where v.contact_id = p_merge.survivor_id
    order by v.id
  loop
    -- The identities are returned already: they say whose keys the conversation has.
    -- An id that the survivor got after the merge follows the other keys.
    select array_agg(k.value)
        filter (where i.contact_id = p_merge.survivor_id and i.first_seen_at < p_merge.merged_at) as of_survivor,
      array_agg(k.value)
        filter (where i.contact_id = p_merge.survivor_id and i.first_seen_at >= p_merge.merged_at) as attached_since,
      array_agg(k.value) filter (where i.contact_id = p_merge.duplicate_id) as of_duplicate
    into v_keys
    from crm.conversation_keys k
    join crm.contact_identities i on i.contact_id in (p_merge.survivor_id, p_merge.duplicate_id)
      and k.value = i.kind || ':' || i.value
      and crm_private.identity_may_be_of_account(i.kind, i.scope, v_conversation.account)
    where k.conversation_id = v_conversation.id and k.kind = 'participant';

    v_owner := case
      when v_conversation.was_moved then p_merge.duplicate_id
      when v_keys.of_survivor is not null then p_merge.survivor_id
      when v_keys.of_duplicate is not null then p_merge.duplicate_id
      -- A chat that is known by its thread alone: by whose id of the account's chats, where only one of them has any.
      when v_conversation.created_at >= p_merge.merged_at
        and exists (
          select from crm.contact_identities i
          where i.contact_id = p_merge.duplicate_id and crm_private.kind_scopes() ->> i.kind = 'chats'
            and crm_private.identity_may_be_of_account(i.kind, i.scope, v_conversation.account))
        and not exists (
          select from crm.contact_identities i
          where i.contact_id = p_merge.survivor_id and crm_private.kind_scopes() ->> i.kind = 'chats'
            and crm_private.identity_may_be_of_account(i.kind, i.scope, v_conversation.account))
        then p_merge.duplicate_id
      else p_merge.survivor_id
    end;

    if v_owner = p_merge.duplicate_id then
      update crm.conversations v set contact_id = p_merge.duplicate_id
      where v.workspace_id = p_merge.workspace_id and v.id = v_conversation.id;
      update crm.contact_interaction_events e set contact_id = p_merge.duplicate_id
      where e.conversation_id = v_conversation.id;
      update crm.contact_identities i set contact_id = p_merge.duplicate_id
      where i.contact_id = p_merge.survivor_id and i.kind || ':' || i.value = any (v_keys.attached_since)
        and crm_private.identity_may_be_of_account(i.kind, i.scope, v_conversation.account);
    end if;

    -- A delivery had joined two conversations in this one. The contact that does not keep it continues in a new one.
    if v_keys.of_survivor is not null and v_keys.of_duplicate is not null then
      insert into crm.conversations (workspace_id, channel_account_id, contact_id)
      values (p_merge.workspace_id, v_conversation.channel_account_id,
        case v_owner when p_merge.duplicate_id then p_merge.survivor_id else p_merge.duplicate_id end)
      returning id into v_new_id;
      update crm.conversation_keys k set conversation_id = v_new_id
      where k.conversation_id = v_conversation.id and k.kind = 'participant'
        and k.value = any (case v_owner when p_merge.duplicate_id then v_keys.of_survivor else v_keys.of_duplicate end);
    end if;
  end loop;
end;
$$;
comment on function crm_private.return_conversations(crm.contact_merges) is
  'Gives the conversations that move_conversations moved, with their events, back to the duplicate.

It also gives those opened since under the duplicate''s identities, and the ids by which such a conversation became
known. The caller has locked both contacts and returned the identities.';

-- sql/040_conversations/fn_status_after_inbound.sql
create function crm_private.status_after_inbound(
  p_status text,
  p_status_changed_at timestamptz,
  p_inbound_at timestamptz
)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_status = 'closed' and p_inbound_at > coalesce(p_status_changed_at, '-infinity') then 'open'
    else p_status
  end;
end;
$$;
comment on function crm_private.status_after_inbound(text, timestamptz, timestamptz) is
  'The status of a conversation in which the participant wrote at p_inbound_at: that reopens a closed one.

A message from before the conversation was closed, and a null time, change nothing.';

-- sql/040_conversations/fn_store_events.sql
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
  v_enriched uuid[] := array[]::uuid[];
  v_before crm.conversations[];
  v_conversations crm.conversations[];
  v_all_new boolean := (
    select count(distinct c.id) = count(*) filter (where c.is_new)
    from unnest(p_conversation_ids, p_are_new) c (id, is_new));
begin
  -- 1. Find the events that are unknown, and the copies that add something to a known message.
  --    A message with a row has its event as well (I10).
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
          -- Earlier, or finer within the same second: merge_copy would take that time.
          or e.occurred_at <> x.sent_at
            and (e.occurred_at < x.sent_at) = (date_bin('1 second', e.occurred_at, 'epoch')
              <> date_bin('1 second', x.sent_at, 'epoch'))
          or (x.is_history and not e.is_history)
          or (e.payload <> '{}' and x.payload || e.payload <> x.payload), false) as adds
      from crm.messages x
      where e.type = 'message'
        and x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and x.provider_message_id = e.provider_message_id
      union all
      select false
      from crm.contact_interaction_events x
      where e.type <> 'message'
        and x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.event_key = e.key
      offset 0
    ) known on true;
  end if;

  -- Of an event that the delivery has twice, the second one is a copy.
  if (select count(distinct e.key collate "C") from unnest(v_fresh) e) < cardinality(v_fresh) then
    select array_agg(k.event) filter (where k.place = 1),
      v_copies || array_agg(k.event) filter (where k.place > 1 and (k.event).type = 'message')
    into v_fresh, v_copies
    from (select e as event, row_number() over (partition by e.key) as place from unnest(v_fresh) e) k;
  end if;
  v_stored := coalesce(v_fresh, '{}');

  -- 2. Give new conversations their rows. Of the others, lock only those that change, in id order.
  if true = any (p_are_new) then
    perform crm_private.insert_conversations(p_account, p_items, p_events, v_stored, p_contact_ids,
      p_conversation_ids, p_are_new);
  end if;
  if not v_all_new then
    v_enriched := array(select distinct r.conversation_id from crm_private.messages_enriched_by(p_account, v_copies) r);
    v_before := crm_private.lock_conversations(p_account, p_items, p_events, v_stored, v_enriched, p_contact_ids,
      p_conversation_ids, p_are_new);
  end if;

  if cardinality(v_fresh) > 0 then
    -- The conversations that get something new are locked, so these rows are final.
    v_conversations := array(
      select v.conversation
      from (select distinct c.id from unnest(p_conversation_ids) c (id) where c.id is not null) i
      cross join lateral (
        select x as conversation from crm.conversations x
        where x.workspace_id = p_account.workspace_id and x.id = i.id offset 0
      ) v);
    if exists (
      select from unnest(p_conversation_ids) c (id)
      left join unnest(v_conversations) v on v.id = c.id
      where c.id is not null and v.id is null) then
      raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
    end if;

    -- 3. Store messages with their events, then the other events.
    v_keys := array(select crm_private.insert_messages(p_account, v_fresh, p_conversation_ids, v_conversations));
    v_messages := v_keys;
    select v_keys || coalesce(array_agg(s.event_key), '{}'),
      coalesce(array_agg(s.message_id) filter (where s.message_id is not null), '{}'),
      array_agg(s.conversation_id) filter (where s.message_id is null and s.provider_message_id is not null)
    into v_keys, v_touched, v_waiting
    from crm_private.insert_events(p_account, v_fresh, p_conversation_ids, v_conversations) s;

    if cardinality(v_keys) < cardinality(v_fresh) then
      -- Another delivery stored some of them first: those are copies too.
      select coalesce(array_agg(f.event) filter (where f.is_stored), '{}'),
        v_copies || array_agg(f.event) filter (where not f.is_stored and (f.event).type = 'message')
      into v_stored, v_copies
      from (
        select e as event, k.key is not null as is_stored
        from unnest(v_fresh) e
        left join unnest(v_keys) k (key) on k.key = e.key
      ) f;
      update crm.conversations v set unread_count = c.unread
      from crm_private.conversation_changes(
        p_account.workspace_id, p_items, p_events, v_stored, p_contact_ids, p_conversation_ids) c
      join unnest(p_conversation_ids, p_are_new) n (id, is_new) on n.is_new and n.id = c.conversation_id
      where v.workspace_id = p_account.workspace_id and v.id = c.conversation_id and v.unread_count <> c.unread;
    end if;

    -- 4. Apply early events to the new messages, and new events to known messages.
    if cardinality(v_messages) > 0 then
      v_attached := crm_private.attach_early_events(p_account, v_messages);
      if cardinality(v_attached) > 0 then
        v_touched := v_touched || v_attached;
        v_waiting := v_waiting || array(select v.id from unnest(v_conversations) v where v.has_pending_effects);
      end if;
    end if;
    if v_waiting is not null then
      perform crm_private.refresh_pending_effects(p_account, v_waiting);
    end if;
    if cardinality(v_touched) > 0 then
      perform crm_private.apply_message_effects(p_account, v_touched);
    end if;
  end if;

  -- 5. Enrich messages from their copies, update the conversations, remove answered tags of the AI.
  if v_copies is not null then
    perform crm_private.enrich_messages(p_account, v_copies, array(
      select b.id from unnest(v_before) b
      union
      select n.id from unnest(p_conversation_ids, p_are_new) n (id, is_new) where n.is_new));
  end if;
  if v_before is not null then
    perform crm_private.update_conversations(p_account, p_items, p_events, v_stored, p_contact_ids,
      p_conversation_ids, v_before);
    perform crm_private.remove_answered_ai_tags(p_account, v_stored, p_conversation_ids, v_before);
  end if;
  return v_stored;
end;
$$;
comment on function crm_private.store_events(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], uuid[], uuid[], boolean[]
) is
  'Stores the events of resolved conversations, each once, with everything that follows from them.

Returns those that were new. A replay locks nothing and writes nothing.';

-- sql/040_conversations/fn_update_conversation.sql
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
    perform crm_private.raise_not_found('conversation', 'There is no such conversation.',
      'It may have been merged into an older one: look it up by its contact.');
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
  'Changes a conversation if it still has the expected version, and returns the new version. For agents.

Patch keys: status (open, pending, closed), tags_add, tags_remove (arrays of text), unread_count.

PT400 invalid_input, PT401, PT403, PT404 not_found, PT409 version_conflict with the current version in detail.';

-- sql/040_conversations/fn_update_conversations.sql
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
      status = crm_private.status_after_inbound(v.status, v.status_changed_at, c.newest_unread_at),
      unread_count = v.unread_count + c.unread,
      last_message_at = greatest(v.last_message_at, c.last_message_at),
      last_inbound_at = greatest(v.last_inbound_at, c.last_inbound_at),
      delivered_watermark = greatest(v.delivered_watermark, c.delivered_watermark),
      read_watermark = greatest(v.read_watermark, c.read_watermark),
      source_updated_at = greatest(v.source_updated_at, c.source_updated_at),
      metadata = c.metadata
    from crm_private.conversation_changes(
      p_account.workspace_id, p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
    join unnest(p_before) b on b.id = c.conversation_id
    -- is not distinct from: ADR 7.
    where v.id = c.conversation_id and v.workspace_id is not distinct from p_account.workspace_id and c.changes
    returning v.id, b.contact_id is null and v.contact_id is not null as linked,
      v.delivered_watermark is distinct from b.delivered_watermark
        or v.read_watermark is distinct from b.read_watermark as moved
  )
  select array_agg(u.id) filter (where u.linked), array_agg(u.id) filter (where u.moved)
  into v_linked, v_moved
  from updated u;

  if v_linked is not null then
    update crm.contact_interaction_events e set contact_id = v.contact_id
    from unnest(v_linked) i (id)
    cross join lateral (
      select x.id, x.contact_id
      from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id offset 0
    ) v
    where e.conversation_id = v.id
      and e.contact_id is distinct from v.contact_id;
  end if;
  if v_moved is not null then
    perform crm_private.apply_watermarks(p_account, array(select b from unnest(p_before) b where b.id = any (v_moved)));
  end if;
end;
$$;
comment on function crm_private.update_conversations(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[],
  uuid[], crm.conversations[]
) is
  'Brings existing conversations to what the delivery says. Writes nothing where nothing changes.

It links an orphan with its events, reopens a closed conversation when something unread came after it was closed, and
marks what was sent up to a watermark. p_before are the rows as they were under lock.';

-- sql/040_conversations/trg_conversation_tags_flag_pending_effects.sql
create function crm_private.flag_pending_effects()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update crm.conversations v set has_pending_effects = true
  where v.workspace_id = new.workspace_id and v.id = new.conversation_id and not v.has_pending_effects;
  return null;
end;
$$;
comment on function crm_private.flag_pending_effects() is
  'Trigger: a tag that the AI set gives the conversation''s next inbound message something to follow up.';

create trigger flag_pending_effects
after insert or update on crm.conversation_tags
for each row when (new.set_by = 'ai')
execute function crm_private.flag_pending_effects();

-- sql/040_conversations/trg_conversations_bump_version.sql
create trigger bump_version
before update on crm.conversations
for each row execute function crm_private.bump_version();

-- sql/045_dead_letters/10_tables.sql
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
  history_before timestamptz,
  status text not null default 'open',
  attempts int not null default 1,
  created_at timestamptz not null default now(),
  replayed_at timestamptz,
  tried_at timestamptz,
  replay_error jsonb,
  is_item boolean not null generated always as (
    reason in ('unknown_account', 'inactive_account', 'invalid_item', 'no_conversation', 'invalid_event',
      'time_before_2004', 'time_in_future', 'refused_by_database')) stored,
  constraint dead_letters_item_key unique nulls not distinct (workspace_id, channel, account_external_id, item_hash),
  constraint channel_account_fkey foreign key (workspace_id, channel_account_id)
    references crm.channel_accounts (workspace_id, id) on delete cascade,
  constraint status_is_valid check (status in ('open', 'replayed', 'discarded'))
);
comment on table crm.dead_letters is
  'What could not be stored, with the reason. A bad item never blocks its neighbours and is never lost.

The same bad item twice is one row.';
comment on column crm.dead_letters.workspace_id is 'Null when the account is not connected to any workspace.';
comment on column crm.dead_letters.path is
  'JSON path of what is wrong, from the root of item.

Where translation refused it, the path starts at the root of the webhook''s body.';
comment on column crm.dead_letters.history_before is
  'The history_before of the run that brought the item, which a replay follows. Null without a run.';
comment on column crm.dead_letters.attempts is 'How often it was tried to store it; the first time counts.';
comment on column crm.dead_letters.tried_at is 'When a replay last failed; null when none was tried since it was kept.';
comment on column crm.dead_letters.replay_error is 'Why the last replay failed: {code, path?, events?, sqlstate?}.';
comment on column crm.dead_letters.is_item is
  'Whether item is an InboundItem, which the database can ingest once the cause is gone.

Otherwise it is what a provider sent, which only translation can read.';
create index dead_letters_open_idx on crm.dead_letters (workspace_id, created_at) where status = 'open';
create index dead_letters_channel_account_idx on crm.dead_letters (workspace_id, channel_account_id);
-- What a replay has to try, per account, those that waited longest
-- first. What only the translation can read is looked at once.
create index dead_letters_replay_idx
  on crm.dead_letters (channel, account_external_id, tried_at nulls first, created_at)
  where status = 'open' and (is_item or tried_at is null);

-- sql/045_dead_letters/30_policies.sql
alter table crm.dead_letters enable row level security;
create policy members_read on crm.dead_letters for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/045_dead_letters/fn_keep_dead_letter.sql
create function crm_private.keep_dead_letter(
  p_account crm.channel_accounts,
  p_channel text,
  p_account_external_id text,
  p_reason text,
  p_path text,
  p_detail text,
  p_item jsonb,
  p_history_before timestamptz default null
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_hash text := encode(sha256(convert_to(p_item::text, 'UTF8')), 'hex');
begin
  -- A row that a replay holds is not waited for: the replay may be waiting for the contact that this transaction holds.
  insert into crm.dead_letters (workspace_id, channel_account_id, channel, account_external_id, reason, path, detail,
    item, item_hash, history_before)
  values (p_account.workspace_id, p_account.id, p_channel, p_account_external_id, p_reason, p_path, p_detail, p_item,
    v_hash, p_history_before)
  on conflict on constraint dead_letters_item_key do nothing;
  if found then
    return;
  end if;

  with changed as (
    select d.id
    from crm.dead_letters d
    where (d.workspace_id = p_account.workspace_id or p_account.workspace_id is null and d.workspace_id is null)
      and d.channel = p_channel and d.account_external_id = p_account_external_id and d.item_hash = v_hash
      and (d.status = 'replayed'
        or d.status = 'open' and (d.reason <> p_reason or d.history_before > coalesce(p_history_before, '-infinity')))
    for update skip locked
  )
  update crm.dead_letters d set
    status = 'open', reason = p_reason, path = p_path, detail = p_detail,
    attempts = d.attempts + (d.status = 'replayed')::int,
    -- Of two judgements the one that takes more for new, as of two copies.
    history_before = case
      when d.history_before is not null and p_history_before is not null then least(d.history_before, p_history_before)
    end,
    replayed_at = null, tried_at = null, replay_error = null
  from changed c
  where d.id = c.id;
end;
$$;
comment on function crm_private.keep_dead_letter(
  crm.channel_accounts, text, text, text, text, text, jsonb, timestamptz
) is
  'Keeps what could not be stored, with the reason.

The same item again changes nothing, with two exceptions: a new reason, or a letter that was replayed, opens it again. A
discarded letter stays discarded. p_account is null when the account is not connected. p_history_before is that of the
run that brought the item.';

-- sql/045_dead_letters/fn_keep_rejected.sql
create function crm_private.keep_rejected(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_parsed crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_history_before timestamptz
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
    perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id, v_item.problem,
      v_item.problem_path, null, p_items -> (v_item.ordinal - 1), p_history_before);
  end loop;

  -- A malformed event is kept with its item, alone, so that it can be replayed as it is.
  for v_event in
    select e.* from unnest(p_events) e
    where e.problem is not null
      and not exists (select from unnest(p_parsed) i where i.ordinal = e.ordinal and i.problem is not null)
  loop
    perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id, v_event.problem,
      regexp_replace(v_event.problem_path, '^\$\.events\[\d+\]', '$.events[0]'), null,
      jsonb_set(p_items -> (v_event.ordinal - 1), '{events}',
        jsonb_build_array(p_items -> (v_event.ordinal - 1) -> 'events' -> v_event.index)),
      p_history_before);
  end loop;
end;
$$;
comment on function crm_private.keep_rejected(
  crm.channel_accounts, jsonb, crm_private.inbound_item[], crm_private.inbound_event[], timestamptz
) is
  'Keeps the malformed items and events of a delivery as dead letters, with the JSON path of what is wrong.

A replay uses the p_history_before that is kept with them.';

-- sql/050_locks/10_tables.sql
create table crm.sync_locks (
  resource text primary key,
  workspace_id uuid references crm.workspaces (id) on delete cascade,
  holder text,
  token uuid,
  fencing_token bigint not null default 0,
  acquired_at timestamptz,
  expires_at timestamptz,
  constraint held_completely_or_not_at_all check (num_nulls(holder, token, acquired_at, expires_at) in (0, 4)),
  constraint resource_is_not_empty check (btrim(resource) <> '')
);
comment on table crm.sync_locks is
  'Leases on resources. Release and cleanup keep the row, so fencing_token never starts again.';
comment on column crm.sync_locks.resource is
  'What the lock protects: a resource of a channel account (crm_private.sync_resource), or any other name.';
comment on column crm.sync_locks.workspace_id is
  'The workspace of the account that the resource names. Null when it names none.';
comment on column crm.sync_locks.token is 'What the holder shows when it writes. Null while the lock is free.';
comment on column crm.sync_locks.fencing_token is
  'How often the lock was taken. Each holder''s value is greater than every earlier one.';
comment on column crm.sync_locks.expires_at is
  'From this time on the lease is lost, even when no other caller takes it.';
create index sync_locks_workspace_idx on crm.sync_locks (workspace_id);
create unique index sync_locks_token_idx on crm.sync_locks (token) where token is not null;

-- sql/050_locks/30_policies.sql
alter table crm.sync_locks enable row level security;
create policy members_read on crm.sync_locks for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/050_locks/fn_acquire_sync_lock.sql
create function crm.acquire_sync_lock(p_resource text, p_holder text, p_ttl interval default '5 minutes')
returns table (acquired boolean, token uuid, fencing_token bigint, expires_at timestamptz, held_by text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_lock crm.sync_locks;
  v_now timestamptz;
begin
  perform crm_private.check_lease_arguments(p_resource, p_ttl);
  if p_holder is null or btrim(p_holder) = '' or length(p_holder) > 200 then
    perform crm_private.reject_input('p_holder', 'A holder is a text of 1 to 200 characters.');
  end if;

  -- Only the deletion of its workspace removes a lock's row. The loop then inserts it again.
  loop
    select l.* into v_lock from crm.sync_locks l where l.resource = p_resource for no key update;
    exit when found;
    insert into crm.sync_locks (resource, workspace_id)
    values (p_resource, crm_private.workspace_of_resource(p_resource))
    on conflict (resource) do nothing;
  end loop;

  -- Read the clock under the row lock: a caller that waited for the row sees the current time.
  v_now := clock_timestamp();
  if v_lock.expires_at > v_now then
    return query select false, null::uuid, null::bigint, v_lock.expires_at, v_lock.holder;
    return;
  end if;

  return query
  update crm.sync_locks l set
    holder = p_holder,
    token = gen_random_uuid(),
    fencing_token = l.fencing_token + 1,
    workspace_id = coalesce(l.workspace_id, crm_private.workspace_of_resource(p_resource)),
    acquired_at = v_now,
    expires_at = v_now + p_ttl
  where l.resource = p_resource
  returning true, l.token, l.fencing_token, l.expires_at, l.holder;
end;
$$;
comment on function crm.acquire_sync_lock(text, text, interval) is
  'Takes the lock of a resource when it is free or its lease is over.

Returns one row. acquired: with a new token, a fencing token greater than every earlier one, and the end of the lease.
Not acquired: held_by and expires_at are those of the holder. The same holder cannot take the lock twice.
p_ttl: 1 second to 1 hour.
Errors: PT400 invalid_input.';

-- sql/050_locks/fn_check_lease_arguments.sql
create function crm_private.check_lease_arguments(p_resource text, p_ttl interval)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_resource is null or btrim(p_resource) = '' or length(p_resource) > 512 then
    perform crm_private.reject_input('p_resource', 'A resource is a text of 1 to 512 characters.');
  end if;
  if p_ttl is null or p_ttl < interval '1 second' or p_ttl > interval '1 hour' then
    perform crm_private.reject_input('p_ttl', 'A lease is between one second and one hour.');
  end if;
end;
$$;
comment on function crm_private.check_lease_arguments(text, interval) is
  'Returns when a lock may have this name and this time to live.

Errors: PT400 invalid_input.';

-- sql/050_locks/fn_cleanup_expired_locks.sql
create function crm.cleanup_expired_locks()
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  -- Skip a lock whose row another transaction has: its holder may be extending it. The next call looks at it again.
  with expired as materialized (
    select l.resource
    from crm.sync_locks l
    where l.expires_at <= clock_timestamp()
    order by l.resource
    for no key update skip locked
  )
  update crm.sync_locks l set holder = null, token = null, acquired_at = null, expires_at = null
  from expired e
  where l.resource = e.resource;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function crm.cleanup_expired_locks() is
  'Marks the locks whose lease is over as free.

Returns how many. The rows stay, with their fencing tokens.';

-- sql/050_locks/fn_extend_sync_lock.sql
create function crm.extend_sync_lock(p_resource text, p_token uuid, p_ttl interval default '5 minutes')
returns timestamptz
language plpgsql
set search_path = ''
as $$
declare
  v_lock crm.sync_locks;
  v_now timestamptz;
begin
  perform crm_private.check_lease_arguments(p_resource, p_ttl);
  select l.* into v_lock from crm.sync_locks l where l.resource = p_resource for no key update;
  v_now := clock_timestamp();
  if v_lock.token is distinct from p_token or p_token is null or v_lock.expires_at <= v_now then
    return null;
  end if;
  update crm.sync_locks l set expires_at = v_now + p_ttl where l.resource = p_resource;
  return v_now + p_ttl;
end;
$$;
comment on function crm.extend_sync_lock(text, uuid, interval) is
  'Lets the lease end p_ttl (1 second to 1 hour) from now.

Returns that time. Null when the lock is lost: taken, released, or over even when no other caller took it.
Errors: PT400 invalid_input.';

-- sql/050_locks/fn_parse_sync_resource.sql
create function crm_private.parse_sync_resource(
  p_resource text,
  out channel text,
  out external_id text,
  out what text
)
language plpgsql
immutable
set search_path = ''
as $$
declare
  -- An external id may hold colons, so the first and the last colon of the resource decide.
  v_parts text[] := regexp_match(p_resource, '^([^:]+):(.+):([^:]+)$');
begin
  channel := v_parts[1];
  external_id := v_parts[2];
  what := v_parts[3];
end;
$$;
comment on function crm_private.parse_sync_resource(text) is
  'Splits a resource <channel>:<external id>:<what> into its parts.

Returns nulls when the text has another form. sync_resource is the inverse.';

-- sql/050_locks/fn_release_sync_lock.sql
create function crm.release_sync_lock(p_resource text, p_token uuid)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_lock crm.sync_locks;
begin
  select l.* into v_lock
  from crm.sync_locks l
  where l.resource = p_resource and l.token = p_token
  for no key update;
  if not found then
    return false;
  end if;
  update crm.sync_locks l set holder = null, token = null, acquired_at = null, expires_at = null
  where l.resource = p_resource;
  return v_lock.expires_at > clock_timestamp();
end;
$$;
comment on function crm.release_sync_lock(text, uuid) is
  'Gives a lock back.

Returns true when the caller held it with this token, false when it was already lost.';

-- sql/050_locks/fn_require_account_lock.sql
create function crm_private.require_account_lock(p_account crm.channel_accounts, p_token uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform crm_private.require_sync_lock((
    select l.resource
    from crm.sync_locks l
    where l.token = p_token
      and crm_private.resource_belongs_to(l.resource, p_account.channel, p_account.external_id)
  ), p_token);
end;
$$;
comment on function crm_private.require_account_lock(crm.channel_accounts, uuid) is
  'Returns when this token holds the lock of a resource of the account.

No other caller can take that lock before the transaction ends.
Errors: PT409 lock_lost.';

-- sql/050_locks/fn_require_sync_lock.sql
create function crm_private.require_sync_lock(p_resource text, p_token uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_lock crm.sync_locks;
begin
  -- The row lock keeps others from taking over until the transaction ends, even when the lease ends before that.
  -- `for share` would let two writers in, which then wait for each other to extend the lease.
  select l.* into v_lock from crm.sync_locks l where l.resource = p_resource for no key update;
  if v_lock.token is distinct from p_token or p_token is null or v_lock.expires_at <= clock_timestamp() then
    raise exception using errcode = 'PT409', message = 'The lock is lost.',
      detail = jsonb_build_object('code', 'lock_lost', 'resource', p_resource)::text,
      hint = 'Take the lock again and resume from the last committed page.';
  end if;
end;
$$;
comment on function crm_private.require_sync_lock(text, uuid) is
  'Returns when the lock is held with this token.

No other caller can take it before the transaction ends.
Errors: PT409 lock_lost for another token, a released lock, or a lease that is over.';

-- sql/050_locks/fn_resource_belongs_to.sql
create function crm_private.resource_belongs_to(p_resource text, p_channel text, p_external_id text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_named record := crm_private.parse_sync_resource(p_resource);
begin
  return (v_named.channel = p_channel and v_named.external_id = p_external_id) is true;
end;
$$;
comment on function crm_private.resource_belongs_to(text, text, text) is
  'Whether a resource is one of this channel account, whatever its last part is.';

-- sql/050_locks/fn_sync_resource.sql
create function crm_private.sync_resource(p_channel text, p_external_id text, p_what text)
returns text
language sql
immutable
set search_path = ''
as $$
  select p_channel || ':' || p_external_id || ':' || p_what;
$$;
comment on function crm_private.sync_resource(text, text, text) is
  'Composes the resource of a channel account: <channel>:<external id>:<what>.

p_what holds no colon: channel_syncs() names it. parse_sync_resource is the inverse.';

-- sql/050_locks/fn_take_sync_lock.sql
create function crm_private.take_sync_lock(
  p_resource text,
  p_holder text,
  out token uuid,
  out fencing_token bigint,
  out expires_at timestamptz
)
language plpgsql
set search_path = ''
as $$
declare
  v_lock record;
begin
  -- A holder keeps the row while it commits a page. Read first, so that a refusal does not wait for that.
  select false as acquired, l.holder as held_by, l.expires_at into v_lock
  from crm.sync_locks l
  where l.resource = p_resource and l.expires_at > clock_timestamp();
  if not found then
    select l.* into v_lock from crm.acquire_sync_lock(p_resource, p_holder) l;
  end if;
  if not v_lock.acquired then
    raise exception using errcode = 'PT409', message = 'Another sync of the resource is running.',
      detail = jsonb_build_object('code', 'lock_held', 'resource', p_resource, 'held_by', v_lock.held_by,
        'expires_at', v_lock.expires_at)::text,
      hint = 'Wait until it has finished, or until its lease is over.';
  end if;
  token := v_lock.token;
  fencing_token := v_lock.fencing_token;
  expires_at := v_lock.expires_at;
end;
$$;
comment on function crm_private.take_sync_lock(text, text) is
  'Takes the lock of a resource for 5 minutes.

Returns its token, its fencing token and the end of the lease.
Errors: PT400 invalid_input, PT409 lock_held with held_by and expires_at.';

-- sql/050_locks/fn_workspace_of_resource.sql
create function crm_private.workspace_of_resource(p_resource text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_named record := crm_private.parse_sync_resource(p_resource);
begin
  return (
    select a.workspace_id
    from crm.channel_accounts a
    where a.channel = v_named.channel and a.external_id = v_named.external_id
  );
end;
$$;
comment on function crm_private.workspace_of_resource(text) is
  'The workspace of the channel account that a resource names. Null when it names none.';

-- sql/060_ingest/05_types.sql
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

-- sql/060_ingest/10_tables.sql
create table crm.fast_path_errors (
  workspace_id uuid not null,
  channel_account_id uuid not null,
  sqlstate text not null,
  constraint_name text not null,
  errors bigint not null default 1,
  first_at timestamptz not null default clock_timestamp(),
  last_at timestamptz not null default clock_timestamp(),
  primary key (workspace_id, channel_account_id, sqlstate, constraint_name),
  constraint channel_account_fkey foreign key (workspace_id, channel_account_id)
    references crm.channel_accounts (workspace_id, id) on delete cascade,
  constraint errors_is_positive check (errors > 0)
);
comment on table crm.fast_path_errors is
  'How often the fast path of the ingest ended with an error and the general path took the items instead.

One row per account, SQLSTATE and constraint. The general path stored the items or kept them in dead_letters: a row
here says that calls are slower than they could be, not that anything is lost.';
comment on column crm.fast_path_errors.sqlstate is 'Class 22 or 23: data that an expression or a constraint refused.';
comment on column crm.fast_path_errors.constraint_name is 'The constraint that was violated; empty for other errors.';

-- sql/060_ingest/30_policies.sql
alter table crm.fast_path_errors enable row level security;
create policy members_read on crm.fast_path_errors for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/060_ingest/fn_bulk_upsert_conversations_with_events.sql
create function crm.bulk_upsert_conversations_with_events(
  p_channel_account_id uuid,
  p_items jsonb,
  p_lock_token uuid default null
)
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
-- A plan cached while a table is small would keep its sequential scan after the table has grown (ADR 7).
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
  v_shape text;
  v_sqlstate text;
  v_constraint text;
begin
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such channel account.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'channel_account')::text,
      hint = 'Connect it with connect_channel.';
  end if;
  if p_lock_token is not null then
    perform crm_private.require_account_lock(v_account, p_lock_token);
  end if;

  v_shape := crm_private.fast_path_shape(v_account.channel, p_items);
  if v_shape is not null then
    begin
      if v_shape = 'plain' then
        return query select r.* from crm_private.ingest_plain_messages(v_account, p_items) r;
      else
        return query select r.* from crm_private.ingest_named_messages(v_account, p_items) r;
      end if;
      return;
    exception
      when sqlstate 'OF002' then
        null;
      when data_exception or integrity_constraint_violation then
        get stacked diagnostics v_sqlstate = returned_sqlstate, v_constraint = constraint_name;
    end;
  end if;

  perform crm_private.check_batch(p_items);
  return query select r.* from crm_private.ingest_items_isolated(v_account, p_items, clock_timestamp()) r;
  if v_sqlstate is not null then
    perform crm_private.count_fast_path_error(v_account, v_sqlstate, v_constraint);
  end if;
end;
$$;
comment on function crm.bulk_upsert_conversations_with_events(uuid, jsonb, uuid) is
  'Ingests up to 500 InboundItems with up to 2,000 events into one channel account, in one transaction.

Returns one row per item, in order: ordinal counts from 1; error is null, or {code, path} of the item, or
{code, events: [{code, path}]} where only events were bad. What is bad is in dead_letters.
With p_lock_token, the token of a lock of one of the account''s resources, it writes only while that lock is held.

PT400 invalid_input, PT404 not_found, PT409 lock_lost.';

-- sql/060_ingest/fn_check_batch.sql
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
comment on function crm_private.check_batch(jsonb) is
  'Checks the size of a call''s items.

PT400 invalid_input for what is no array, more than 500 items, or more than 2,000 events.';

-- sql/060_ingest/fn_count_fast_path_error.sql
create function crm_private.count_fast_path_error(
  p_account crm.channel_accounts,
  p_sqlstate text,
  p_constraint_name text
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.fast_path_errors as e (workspace_id, channel_account_id, sqlstate, constraint_name)
  values (p_account.workspace_id, p_account.id, p_sqlstate, p_constraint_name)
  on conflict (workspace_id, channel_account_id, sqlstate, constraint_name) do update set
    errors = e.errors + 1, last_at = greatest(e.last_at, excluded.last_at);
end;
$$;
comment on function crm_private.count_fast_path_error(crm.channel_accounts, text, text) is
  'Counts an error of the fast path in fast_path_errors.

Call it last: concurrent calls of the account wait for its row until the end of the transaction.';

-- sql/060_ingest/fn_event_count.sql
create function crm_private.event_count(p_item jsonb)
returns int
language plpgsql
immutable
set search_path = ''
as $$
begin
  return greatest(
    case when jsonb_typeof(p_item -> 'events') = 'array' then jsonb_array_length(p_item -> 'events') end, 1);
end;
$$;
comment on function crm_private.event_count(jsonb) is
  'How many events an item counts as: those it has, and one when it has none.';

-- sql/060_ingest/fn_fast_path_shape.sql
create function crm_private.fast_path_shape(p_channel text, p_items jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_kinds jsonb := crm_private.fast_path_kinds() -> p_channel;
  v_count int := case when jsonb_typeof(p_items) = 'array' then jsonb_array_length(p_items) else 0 end;
  v_shape text;
  v_item jsonb;
  v_event jsonb;
begin
  if v_kinds is null or v_count > 20 then
    return null;
  end if;
  for v_place in 0..v_count - 1 loop
    v_item := p_items -> v_place;
    v_event := v_item -> 'events' -> 0;
    -- One message of one participant. A path that cannot be read
    -- is not true; !(… != …) is true where a field is absent.
    if jsonb_path_match(v_item, '
        exists($.participant ? (@.type() == "object"
          && @.identities.type() == "array" && @.identities.size() > 0
          && !(@.identities[*].type() != "object")
          && !exists(@.identities[*] ? (!(@.kind.type() == "string" && @.kind == $kinds[*]
            && @.value.type() == "string"
            && !(@.scope.type() != "string" && @.scope.type() != "null"))))
          && !(@.full_name.type() != "string")
          && !(@.custom_attributes.type() != "object")))
        && $.events.type() == "array" && $.events.size() == 1 && exists($.events[0] ? (
          @.provider_message_id.type() == "string" && @.provider_message_id != ""
          && @.direction.type() == "string" && (@.direction == "inbound" || @.direction == "outbound")
          && (@.occurred_at.type() == "number" || @.occurred_at.type() == "string")
          && !(@.text.type() != "string")
          && !(@.attachments.type() != "array")
          && !(@.reply_to.type() != "string")
          && !(@.payload.type() != "object")))', v_kinds, true) is not true
      -- And nothing else.
      or v_item - '{participant,events}'::text[] <> '{}'
      or (v_item -> 'participant') - '{identities,full_name,custom_attributes}'::text[] <> '{}'
      or v_event - '{provider_message_id,occurred_at,direction,text,attachments,reply_to,payload}'::text[]
        <> '{"type": "message"}'
      or length(v_event ->> 'provider_message_id') > 512 then
      return null;
    end if;

    -- A single id, whose scope needs no look-up, and a number for the time, as providers send it.
    if jsonb_path_match(v_item, '
        exists($.participant ? (@.identities.size() == 1
          && @.identities[0].kind == $plain[*] && !exists(@.identities[0].scope)
          && !exists(@.full_name) && !exists(@.custom_attributes)))
        && $.events[0].occurred_at.type() == "number"', v_kinds, true) then
      if length(v_event ->> 'occurred_at') > 14 then
        return null;
      end if;
      v_shape := 'plain';
    elsif v_count > 1 or crm_private.event_time(v_event ->> 'occurred_at') is null
      or length(v_item ->> 'participant') > 2000 then
      return null;
    else
      v_shape := 'named';
    end if;
  end loop;
  return v_shape;
end;
$$;
comment on function crm_private.fast_path_shape(text, jsonb) is
  'Which fast path fits the items of a call on the channel, by their JSON alone.

Returns plain: 1 to 20 items, each one message of a participant with one id and no field.
Returns named: one item, whose participant may have several ids, a name and custom attributes.
Returns null for anything else: the general path takes it. Never raises, whatever the JSON is.';

-- sql/060_ingest/fn_ingest_items.sql
create function crm_private.ingest_items(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_now timestamptz,
  p_history_before timestamptz default null
)
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
  -- Parse; set aside malformed items and events.
  v_events := crm_private.parse_events(p_items, p_now, p_history_before);
  v_items := crm_private.parse_items(p_account, p_items, v_events);
  v_identities := crm_private.item_identities(p_account, v_items);
  v_keys := crm_private.item_keys(p_account, v_items, v_identities);
  v_items := crm_private.reject_unnamed_items(v_items, v_keys);
  v_identities := array(
    select d from unnest(v_identities) d where (v_items[d.ordinal]).problem is null
    order by d.kind, d.scope, d.value, d.ordinal);

  v_will_link := crm_private.needs_linking(p_account, v_keys);
  -- Identities, contacts, conversations, keys, messages: always locked in this order.
  select c.contact_ids, c.outcomes into v_contact_ids, v_outcomes
  from crm_private.resolve_contacts(
    p_account.workspace_id, 'chat_embedded', v_items, v_identities, v_will_link, p_now) c;
  select c.conversation_ids, c.are_new into v_conversation_ids, v_are_new
  from crm_private.resolve_conversations(p_account, v_items, v_keys, v_will_link, v_contact_ids) c;

  v_usable := v_events;
  if array_position(v_conversation_ids, null) is not null
    or exists (select from unnest(v_events) e where e.problem is not null) then
    v_usable := array(
      select e from unnest(v_events) e where e.problem is null and v_conversation_ids[e.ordinal] is not null);
  end if;
  v_stored := crm_private.store_events(p_account, v_items, v_usable, v_contact_ids, v_conversation_ids, v_are_new);

  perform crm_private.keep_rejected(p_account, p_items, v_items, v_events, p_history_before);

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
      jsonb_agg(jsonb_build_object('code', e.problem, 'path', e.problem_path) order by e.index)
        filter (where e.problem is not null) as problems
    from unnest(v_events) e
    group by e.ordinal
  ) e on e.ordinal = i.ordinal and i.problem is null
  left join (
    select s.ordinal, count(*)::int as inserted from unnest(v_stored) s group by s.ordinal
  ) s on s.ordinal = i.ordinal
  left join lateral (
    select x.id, x.contact_id, x.version
    from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = v_conversation_ids[i.ordinal]
    offset 0
  ) v on true
  order by i.ordinal;
end;
$$;
comment on function crm_private.ingest_items(crm.channel_accounts, jsonb, timestamptz, timestamptz) is
  'Ingests items into one channel account in one go.

Returns one row per item, in order. A malformed item or event becomes a dead letter. A data error that only the tables
find aborts the call: the caller isolates the item. Times are in the future as of p_now; messages from before
p_history_before are history.';

-- sql/060_ingest/fn_ingest_items_isolated.sql
create function crm_private.ingest_items_isolated(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_now timestamptz,
  p_history_before timestamptz default null
)
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
      v_results := array(select r from crm_private.ingest_items(p_account, p_items, p_now, p_history_before) r);
      -- Check deferred keys now: a violation at commit could not be isolated.
      set constraints all immediate;
      set constraints all deferred;
      return query select r.* from unnest(v_results) r;
      return;
    exception
      when serialization_failure then
        -- Another transaction merged a contact or a conversation away while this one waited for its lock. The rollback
        -- releases the locks; the next attempt reads again.
        if v_attempt = 5 then
          raise;
        end if;
      when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
        -- Only data errors isolate an item. Any other error (a deadlock, a full disk) aborts the call.
        exit;
    end;
  end loop;

  for v_item in select i.item from jsonb_array_elements(p_items) i (item) loop
    v_ordinal := v_ordinal + 1;
    for v_attempt in 1..5 loop
      begin
        select r.* into v_result
        from crm_private.ingest_items(p_account, jsonb_build_array(v_item), p_now, p_history_before) r;
        set constraints all immediate;
        set constraints all deferred;
        exit;
      exception
        when serialization_failure then
          if v_attempt = 5 then
            raise;
          end if;
        when data_exception or integrity_constraint_violation or sqlstate 'PT400' then
          perform crm_private.keep_dead_letter(p_account, p_account.channel, p_account.external_id,
            'refused_by_database', '$', sqlstate || ': ' || sqlerrm, v_item, p_history_before);
          v_result := null;
          v_result.is_new := false;
          v_result.contact_outcome := 'ignored';
          v_result.events_inserted := 0;
          v_result.events_duplicate := 0;
          v_result.error := jsonb_build_object('code', 'refused_by_database', 'path', '$', 'sqlstate', sqlstate);
          exit;
      end;
    end loop;
    v_result.ordinal := v_ordinal;
    return next v_result;
  end loop;
end;
$$;
comment on function crm_private.ingest_items_isolated(crm.channel_accounts, jsonb, timestamptz, timestamptz) is
  'The general path: ingests items so that one which the database refuses costs no other item.

Returns one row per item, in order. It ingests all items at once. After a data error (SQLSTATE classes 22 and 23,
PT400) it ingests them one by one, and an item that is refused becomes a dead letter.
Messages from before p_history_before are history. Raises any other error.';

-- sql/060_ingest/fn_ingest_named_messages.sql
create function crm_private.ingest_named_messages(p_account crm.channel_accounts, p_items jsonb)
returns setof crm_private.ingest_result
language plpgsql
set search_path = ''
as $$
declare
  v_participant jsonb := p_items #> '{0,participant}';
  v_event jsonb := p_items #> '{0,events,0}';
  v_attributes jsonb := coalesce(v_participant -> 'custom_attributes', '{}');
  v_message_id text := v_event ->> 'provider_message_id';
  v_direction text := v_event ->> 'direction';
  v_known record;
  v_result crm_private.ingest_result;
  v_has_effects boolean;
begin
  -- The general path takes whatever is unusual: ids that are not all known or not all of one person, a value that
  -- differs, a field without a source.
  with item as materialized (
    select t.occurred_at, p_account.channel || ':' || p_account.external_id || ':message:' || v_message_id as delivery
    from (select crm_private.event_time(v_event ->> 'occurred_at') as occurred_at offset 0) t
  ), keys as (
    select count(*) as given, count(k.conversation_id) as found, count(distinct k.conversation_id) as conversations,
      min(k.conversation_id::text)::uuid as conversation_id
    from jsonb_array_elements(v_participant -> 'identities') d (identity)
    left join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and x.kind = 'participant' and x.value = (d.identity ->> 'kind') || ':' || (d.identity ->> 'value')
      offset 0
    ) k on true
  )
  select i.*, v.id, v.contact_id, v.read_watermark, v.delivered_watermark, c.needs_full_sync, f.clocks
  into v_known
  from item i
  cross join keys k
  cross join lateral (
    select o.contact_id
    from crm.conversations o
    where o.workspace_id = p_account.workspace_id and o.id = k.conversation_id
    offset 0
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
    -- Of the fields that the item brings: how many have no source, and the newer clock of each that a chat wrote.
    select count(*) filter (where s.source is null) as unknown,
      coalesce(jsonb_object_agg(n.field, jsonb_build_object(
        'source', 'chat_embedded', 'at', i.occurred_at, 'delivery', i.delivery)) filter (
          where s.source ->> 'source' = 'chat_embedded'
            and row(i.occurred_at, i.delivery collate "C")
              > row(coalesce((s.source ->> 'at')::timestamptz, '-infinity'), s.source ->> 'delivery' collate "C")),
        '{}') as clocks
    from (
      select 'full_name' as field where v_participant ? 'full_name'
      union all
      select 'custom_attributes.' || a.key from jsonb_object_keys(v_attributes) a (key)
    ) n
    cross join lateral (select c.field_sources -> n.field as source) s
  ) f
  where k.given = k.found and k.conversations = 1
    and i.occurred_at between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours'
    and (not v_participant ? 'full_name' or c.full_name = v_participant ->> 'full_name')
    and not exists (
      select from jsonb_each(v_attributes) a where c.custom_attributes -> a.key is distinct from a.value)
    and k.given = (
      select count(*)
      from jsonb_array_elements(v_participant -> 'identities') d (identity)
      cross join lateral (
        select x.contact_id
        from crm.contact_identities x
        where x.workspace_id = p_account.workspace_id and x.kind = d.identity ->> 'kind'
          and x.value = d.identity ->> 'value'
          and x.scope = crm_private.identity_scope(d.identity ->> 'kind', d.identity ->> 'scope', p_account)
        offset 0
      ) x
      where x.contact_id = c.id)
    and f.unknown = 0
    -- A contact merged into this one gets the newer clocks as well: the general path does that.
    and (f.clocks = '{}' or not exists (
      select from crm.contact_merges m where m.survivor_id = c.id and m.undone_at is null));
  if not found then
    raise exception using errcode = 'OF002', message = 'The item says more than is known.';
  end if;

  with message as (
    insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body,
      attachments, reply_to, status, sent_at, payload)
    values (p_account.workspace_id, p_account.id, v_known.id, v_message_id, v_direction,
      nullif(v_event ->> 'text', ''), coalesce(v_event -> 'attachments', '[]'), v_event ->> 'reply_to',
      case
        when v_direction = 'inbound' then null
        when v_known.occurred_at <= v_known.read_watermark then 'read'
        when v_known.occurred_at <= v_known.delivered_watermark then 'delivered'
        else 'sent'
      end,
      v_known.occurred_at, coalesce(v_event -> 'payload', '{}'))
    on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
    returning id
  ), event as (
    insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id,
      message_id, provider_message_id, event_type, event_key, occurred_at)
    select p_account.workspace_id, p_account.id, v_known.id, v_known.contact_id, m.id, v_message_id, 'message',
      'message:' || v_message_id, v_known.occurred_at
    from message m
  ), contact as (
    update crm.contacts c set field_sources = c.field_sources || v_known.clocks, last_sync_at = clock_timestamp()
    from message m
    where v_known.clocks <> '{}' and c.workspace_id = p_account.workspace_id and c.id = v_known.contact_id
  )
  update crm.conversations v set
    status = case
      when v_direction = 'inbound' and v.status = 'closed'
        and v_known.occurred_at > coalesce(v.status_changed_at, '-infinity') then 'open'
      else v.status
    end,
    unread_count = v.unread_count + (v_direction = 'inbound')::int,
    last_message_at = greatest(v.last_message_at, v_known.occurred_at),
    last_inbound_at = case
      when v_direction = 'inbound' then greatest(v.last_inbound_at, v_known.occurred_at)
      else v.last_inbound_at
    end
  from message m
  where v.workspace_id = p_account.workspace_id and v.id = v_known.id
  returning 1, v.id, v.contact_id, v.version, false,
    case when v_known.needs_full_sync then 'unchanged' else 'linked' end, 1, 0, null::jsonb, v.has_pending_effects
  into v_result.ordinal, v_result.conversation_id, v_result.contact_id, v_result.version, v_result.is_new,
    v_result.contact_outcome, v_result.events_inserted, v_result.events_duplicate, v_result.error, v_has_effects;
  if not found then
    raise exception using errcode = 'OF002', message = 'The message is not new.';
  end if;

  if v_has_effects or crm_private.has_early_events(p_account.id, v_message_id) then
    perform crm_private.apply_pending_effects(p_account.id, v_known.id, v_message_id);
  end if;
  return next v_result;
end;
$$;
comment on function crm_private.ingest_named_messages(crm.channel_accounts, jsonb) is
  'The fast path of one item of the shape named (fast_path_shape): stores the message and the fields'' newer times.

Returns its row. Raises OF002 unless every id is known and of one conversation and contact, every field is as the
contact has it, and the message is new; the caller rolls back and takes the general path.';

-- sql/060_ingest/fn_ingest_plain_messages.sql
create function crm_private.ingest_plain_messages(p_account crm.channel_accounts, p_items jsonb)
returns setof crm_private.ingest_result
language plpgsql
set search_path = ''
as $$
declare
  v_kinds jsonb := crm_private.fast_path_kinds() -> p_account.channel -> 'kinds';
  v_item jsonb;
  v_kind text;
  v_event jsonb;
  v_message_id text;
  v_direction text;
  v_time float8;
  v_occurred_at timestamptz;
  v_result crm_private.ingest_result;
  v_has_effects boolean;
begin
  if jsonb_array_length(p_items) > 1 then
    perform crm_private.lock_known_conversations(p_account, p_items);
  end if;
  for v_ordinal in 1..jsonb_array_length(p_items) loop
    v_item := p_items -> (v_ordinal - 1);
    v_kind := v_item #>> '{participant,identities,0,kind}';
    v_event := v_item -> 'events' -> 0;
    v_message_id := v_event ->> 'provider_message_id';
    v_direction := v_event ->> 'direction';
    v_time := (v_event ->> 'occurred_at')::float8;
    v_occurred_at := to_timestamp(case when v_time < 1e10 then v_time else v_time / 1000 end);

    with known as (
      select v.*, c.needs_full_sync
      from crm.conversation_keys k
      -- The contact needs no lock: its id is read under the conversation's lock, and a merge locks the conversations
      -- before it moves their events.
      cross join lateral (
        select x.id, x.contact_id, x.read_watermark, x.delivered_watermark
        from crm.conversations x
        where x.workspace_id = k.workspace_id and x.id = k.conversation_id
        for no key update
      ) v
      join crm.contacts c on c.workspace_id = k.workspace_id and c.id = v.contact_id
      where k.workspace_id = p_account.workspace_id and k.channel_account_id = p_account.id and k.kind = 'participant'
        and k.value = v_kind || ':' || (v_item #>> '{participant,identities,0,value}')
        and v_occurred_at between '2004-01-01 00:00:00+00' and clock_timestamp() + interval '24 hours'
    ), message as (
      insert into crm.messages (workspace_id, channel_account_id, conversation_id, provider_message_id, direction, body,
        attachments, reply_to, status, sent_at, payload)
      select p_account.workspace_id, p_account.id, n.id, v_message_id, v_direction, nullif(v_event ->> 'text', ''),
        coalesce(v_event -> 'attachments', '[]'), v_event ->> 'reply_to',
        case
          when v_direction = 'inbound' then null
          when v_occurred_at <= n.read_watermark then 'read'
          when v_occurred_at <= n.delivered_watermark then 'delivered'
          else 'sent'
        end,
        v_occurred_at, coalesce(v_event -> 'payload', '{}')
      from known n
      on conflict (workspace_id, channel_account_id, provider_message_id) do nothing
      returning id
    ), event as (
      insert into crm.contact_interaction_events (workspace_id, channel_account_id, conversation_id, contact_id,
        message_id, provider_message_id, event_type, event_key, occurred_at)
      select p_account.workspace_id, p_account.id, n.id, n.contact_id, m.id, v_message_id, 'message',
        'message:' || v_message_id, v_occurred_at
      from known n, message m
    )
    update crm.conversations v set
      status = case
        when v_direction = 'inbound' and v.status = 'closed'
          and v_occurred_at > coalesce(v.status_changed_at, '-infinity') then 'open'
        else v.status
      end,
      unread_count = v.unread_count + (v_direction = 'inbound')::int,
      last_message_at = greatest(v.last_message_at, v_occurred_at),
      last_inbound_at = case
        when v_direction = 'inbound' then greatest(v.last_inbound_at, v_occurred_at)
        else v.last_inbound_at
      end
    from known n, message m
    where v.workspace_id = p_account.workspace_id and v.id = n.id
    returning v_ordinal, v.id, v.contact_id, v.version, false,
      case when n.needs_full_sync then 'unchanged' else 'linked' end, 1, 0, null::jsonb, v.has_pending_effects
    into v_result.ordinal, v_result.conversation_id, v_result.contact_id, v_result.version, v_result.is_new,
      v_result.contact_outcome, v_result.events_inserted, v_result.events_duplicate, v_result.error, v_has_effects;
    if not found then
      -- Possibly a duplicate. The caller's rollback releases the conversation: the general path locks its contact
      -- first.
      raise exception using errcode = 'OF002', message = 'The message is not new, or its conversation is not known.';
    end if;

    -- An event that came before its message may lie in another conversation of a person who has several ids.
    if v_has_effects
      or v_kinds - v_kind <> '[]' and crm_private.has_early_events(p_account.id, v_message_id) then
      perform crm_private.apply_pending_effects(p_account.id, v_result.conversation_id, v_message_id);
    end if;
    return next v_result;
  end loop;
end;
$$;
comment on function crm_private.ingest_plain_messages(crm.channel_accounts, jsonb) is
  'The fast path of items of the shape plain (fast_path_shape): stores each message in one statement.

Returns one row per item, in order. Raises OF002 when a conversation is not known, a message is not new, or its time
is before 2004 or more than 24 hours ahead; the caller rolls back and takes the general path.';

-- sql/060_ingest/fn_ingest_webhook.sql
create function crm.ingest_webhook(
  p_channel text,
  p_account_external_id text,
  p_items jsonb,
  p_rejected jsonb default '[]'
)
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

  if p_channel is null or p_channel <> all (crm_private.channels()) then
    perform crm_private.reject_input('p_channel',
      format('The channel is %s.', crm_private.one_of(crm_private.channels())));
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
  'Ingests what a webhook brought for one provider account, and keeps what the translation rejected as dead letters.

p_rejected: [{reason, path, item}]. An account that is not connected or not active dead-letters everything.
Returns counts of events, where an item without events counts as one: received, of those duplicates (known before) and
failed (in dead_letters). items holds the same figures per item, [[received, duplicates, failed], …], in their order.

PT400 invalid_input.';

-- sql/060_ingest/fn_lock_known_conversations.sql
create function crm_private.lock_known_conversations(p_account crm.channel_accounts, p_items jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid[];
begin
  select array_agg(k.conversation_id order by k.conversation_id) into v_ids
  from jsonb_array_elements(p_items) i (item)
  cross join lateral (select i.item #> '{participant,identities,0}' as identity offset 0) d
  cross join lateral (
    select x.conversation_id
    from crm.conversation_keys x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = 'participant'
      and x.value = (d.identity ->> 'kind') || ':' || (d.identity ->> 'value')
    offset 0
  ) k;
  if cardinality(v_ids) is distinct from jsonb_array_length(p_items) then
    raise exception using errcode = 'OF002', message = 'The conversation of an item is not known.';
  end if;
  perform
  from unnest(v_ids) with ordinality i (id, place)
  cross join lateral (
    select from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id
    for no key update
  ) l;
end;
$$;
comment on function crm_private.lock_known_conversations(crm.channel_accounts, jsonb) is
  'Locks the conversations of items of the shape plain (fast_path_shape), in id order.

Raises OF002, with nothing locked, when one of them is not known.';

-- sql/060_ingest/fn_parse_events.sql
create function crm_private.parse_events(p_items jsonb, p_now timestamptz, p_history_before timestamptz default null)
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
        case when jsonb_typeof(i.item -> 'events') = 'array' then i.item -> 'events'
          else '[]' end) with ordinality e (event, index)
      offset 0
    ), read as (
      select r.*,
        jsonb_typeof(r.event) = 'object' as is_object,
        case
          -- What arrives most, without a call: milliseconds, and the days that every month has.
          when r.occurred_at ~ '^[1-9][0-9]{10,13}$' then to_timestamp(r.occurred_at::float8 / 1000)
          when r.occurred_at ~ ('^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])'
            'T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]0[0-9]:?[0-5][0-9])$')
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
            or (r.provider_message_id is null
              and r.type in ('message', 'status', 'edit', 'unsend')) then '.provider_message_id'
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
              when r.payload ? 'num_edit'
                and coalesce(r.payload ->> 'num_edit', '') !~ '^[0-9]{1,18}$' then '.payload.num_edit'
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
          when s.type = 'edit' then 'edit:' || s.provider_message_id || ':'
            || coalesce(s.payload ->> 'num_edit', crm_private.epoch_ms(s.at)::text)
          else s.type || ':' || coalesce(s.provider_message_id, '') || ':' || crm_private.epoch_ms(s.at) || ':'
            || encode(sha256(convert_to(s.kept::text, 'UTF8')), 'hex')
        end,
        s.provider_message_id, s.at, s.direction, nullif(s.text #>> '{}', ''),
        case when s.attachments is null or s.attachments = 'null' then '[]' else s.attachments end,
        s.reply_to, s.status,
        case
          when s.type = 'edit'
            and s.problem_path is null then coalesce((s.payload ->> 'num_edit')::bigint, crm_private.epoch_ms(s.at))
        end,
        s.watermark,
        coalesce(s.is_history = 'true' or s.type = 'message' and s.at < p_history_before, false),
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
comment on function crm_private.parse_events(jsonb, timestamptz, timestamptz) is
  'The events of all items as rows, in order, each with its key or with what is wrong with it.

Wrong is a time before 2004 or more than 24 hours after p_now, a missing message id, a wrong type.
A message from before p_history_before is history, whatever it says.';

-- sql/060_ingest/fn_parse_items.sql
create function crm_private.parse_items(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_events crm_private.inbound_event[]
)
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
        case
          when jsonb_typeof(i.item -> 'thread_id') = 'string' then nullif(btrim(i.item ->> 'thread_id'), '')
        end as thread_id,
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
          when r.item ? 'updated_at' and crm_private.plausible_time(r.updated_at) is null then '$.updated_at'
          else '$.participant' || p.path
        end as problem_path
      from read r
      left join problems p on p.ordinal = r.ordinal
    )
    select array_agg(row(
        c.ordinal, c.thread_id, case when c.problem_path is null then c.participant end,
        coalesce(c.updated_at, n.occurred_at),
        c.updated_at,
        p_account.channel || ':' || p_account.external_id || ':'
          || coalesce(n.key, 'thread:' || c.thread_id, 'participant'),
        case when c.problem_path is not null then 'invalid_item' end,
        c.problem_path
      )::crm_private.inbound_item order by c.ordinal)
    from checked c
    left join newest n on n.ordinal = c.ordinal
  );
end;
$$;
comment on function crm_private.parse_items(crm.channel_accounts, jsonb, crm_private.inbound_event[]) is
  'The items of a delivery as rows, in order; problem_path says what is wrong with one.

A problem of the item itself rejects the whole item.';

-- sql/060_ingest/fn_reject_unnamed_items.sql
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

-- sql/060_ingest/fn_upsert_conversation_with_events.sql
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
  select b.conversation_id, b.contact_id, b.version, b.is_new, b.contact_outcome, b.events_inserted, b.events_duplicate,
    b.error
  from crm.bulk_upsert_conversations_with_events(p_channel_account_id, jsonb_build_array(p_item)) b;
end;
$$;
comment on function crm.upsert_conversation_with_events(uuid, jsonb) is
  'Ingests one InboundItem; see bulk_upsert_conversations_with_events.';

-- sql/070_sync/10_tables.sql
create table crm.sync_state (
  workspace_id uuid not null references crm.workspaces (id) on delete cascade,
  resource text not null,
  cursor jsonb not null default '{}',
  high_watermark timestamptz,
  triggered_at timestamptz,
  unanswered_since timestamptz,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, resource),
  constraint resource_is_not_empty check (resource <> ''),
  constraint cursor_is_object check (jsonb_typeof(cursor) = 'object')
);
comment on table crm.sync_state is
  'How far the reading of each resource has come. The next run resumes here after any interruption.';
comment on column crm.sync_state.cursor is 'Where to resume. Only the provider''s reader knows what is in it.';
comment on column crm.sync_state.high_watermark is
  'By the source''s clock: every change up to this time has been read.';
comment on column crm.sync_state.triggered_at is 'When the scheduled job last called the function for a new run.';
comment on column crm.sync_state.unanswered_since is
  'The first call after which no run has begun. Earlier than the start of the newest run: there is no such call.';

create table crm.sync_runs (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  channel_account_id uuid not null,
  resource text not null,
  mode text not null,
  status text not null default 'running',
  holder text not null,
  fencing_token bigint not null,
  since timestamptz,
  history_before timestamptz not null default '-infinity',
  pages int not null default 0,
  items int not null default 0,
  created int not null default 0,
  updated int not null default 0,
  unchanged int not null default 0,
  failed int not null default 0,
  rejected int not null default 0,
  rejected_by jsonb not null default '{}',
  total_estimate int,
  active_for interval not null default '0',
  started_at timestamptz not null default clock_timestamp(),
  last_page_at timestamptz,
  progressed_at timestamptz,
  stalled_attempts int not null default 0,
  paused_at timestamptz,
  resumed_at timestamptz,
  resume_at timestamptz,
  finished_at timestamptz,
  error text,
  error_code text generated always as (substring(error from '^[a-z][a-z0-9_]*')) stored,
  primary key (workspace_id, id),
  constraint channel_account_fkey foreign key (workspace_id, channel_account_id)
    references crm.channel_accounts (workspace_id, id) on delete cascade,
  constraint mode_is_valid check (mode in ('full', 'incremental')),
  constraint status_is_valid check (status in ('running', 'paused', 'completed', 'failed')),
  constraint incremental_since_a_time check ((mode = 'incremental') = (since is not null)),
  constraint every_item_is_counted_once check (items = created + updated + unchanged + failed),
  constraint rejected_by_is_object check (jsonb_typeof(rejected_by) = 'object'),
  constraint paused_since_a_time check (status <> 'paused' or paused_at is not null),
  constraint resumes_only_when_paused check (resume_at is null or status = 'paused'),
  constraint finished_at_a_time check ((status in ('completed', 'failed')) = (finished_at is not null)),
  constraint failed_with_an_error check (status <> 'failed' or error_code is not null)
);
comment on table crm.sync_runs is
  'One full or incremental reading of a resource, however many processes it took: what it read and how it ended.';
comment on column crm.sync_runs.status is
  'running: under a lease, or its process died and the lease is over. paused: it resumes at resume_at.
completed and failed are final.';
comment on column crm.sync_runs.holder is 'The process that runs it, or the last one that did.';
comment on column crm.sync_runs.fencing_token is 'The fencing token of its lock, or of the last lock it had.';
comment on column crm.sync_runs.since is
  'An incremental run reads what changed from here on, by the source''s clock. Null for a full run.';
comment on column crm.sync_runs.history_before is
  'Messages from before this time are history: they make nothing unread and open no reply window.

It is a day before the run began or, if that is longer ago, the time up to which earlier runs had read:
the high watermark, else the start of the last run if it completed, else the last run''s history_before.
Minus infinity: no message is history.';
comment on column crm.sync_runs.pages is 'Committed calls. A large page may take several.';
comment on column crm.sync_runs.items is
  'Items read: created + updated + unchanged + failed. One conversation may come in several items.
A new record of an export counts when it is transformed.';
comment on column crm.sync_runs.failed is
  'Items of which nothing was stored. They are dead letters, or raw records with status failed.';
comment on column crm.sync_runs.rejected is
  'What the translation could not read and set aside as dead letters. Not among the items.';
comment on column crm.sync_runs.rejected_by is
  'The rejected by what they were: {what: count}, or by the reason where that is not known.';
comment on column crm.sync_runs.total_estimate is
  'How many items the source says there are. Null when it does not say.';
comment on column crm.sync_runs.active_for is
  'How long it ran before its last pause or interruption, without the pauses.';
comment on column crm.sync_runs.progressed_at is 'When a page last brought something new or moved the cursor.';
comment on column crm.sync_runs.stalled_attempts is
  'How often in a row it paused with an error and without any progress.';
comment on column crm.sync_runs.paused_at is 'When it last paused.';
comment on column crm.sync_runs.resumed_at is 'When it last resumed. Null while it runs in its first process.';
comment on column crm.sync_runs.resume_at is
  'The scheduled job resumes a paused run from this time on. Null: at once.';
comment on column crm.sync_runs.error is
  'Why it failed or paused: a stable code (docs/conversation-sync.md), then a text for people.';
create index sync_runs_id_idx on crm.sync_runs (id);
create index sync_runs_channel_account_idx on crm.sync_runs (workspace_id, channel_account_id);
create index sync_runs_resource_idx on crm.sync_runs (workspace_id, resource, started_at desc);
create unique index sync_runs_one_unfinished on crm.sync_runs (workspace_id, resource)
  where status in ('running', 'paused');

create table crm.rate_limit_buckets (
  bucket text primary key,
  workspace_id uuid references crm.workspaces (id) on delete cascade,
  capacity int not null default 100,
  refill_per_second numeric(13, 6) not null default 10,
  tokens numeric not null default 100,
  refilled_at timestamptz not null default clock_timestamp(),
  blocked_until timestamptz,
  constraint bucket_is_not_empty check (btrim(bucket) <> ''),
  constraint capacity_is_valid check (capacity between 1 and 1000000),
  constraint refill_is_valid check (refill_per_second > 0 and refill_per_second <= 1000000),
  constraint tokens_are_valid check (tokens between 0 and capacity)
);
comment on table crm.rate_limit_buckets is
  'Token buckets: how many requests all functions together may send to a provider.

A bucket without its own limit holds 100 tokens and gains 10 a second.';
comment on column crm.rate_limit_buckets.bucket is
  'What the requests are for: a channel account (crm_private.account_bucket), or any other name.';
comment on column crm.rate_limit_buckets.workspace_id is
  'The workspace of the account that the bucket names. Null when it names none.';
comment on column crm.rate_limit_buckets.tokens is
  'How many there were at refilled_at. There are never more than capacity.';
comment on column crm.rate_limit_buckets.blocked_until is
  'The bucket grants nothing before this time, because the provider said so.';
create index rate_limit_buckets_workspace_idx on crm.rate_limit_buckets (workspace_id);

-- sql/070_sync/30_policies.sql
alter table crm.sync_state enable row level security;
create policy members_read on crm.sync_state for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.sync_runs enable row level security;
create policy members_read on crm.sync_runs for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

alter table crm.rate_limit_buckets enable row level security;
create policy members_read on crm.rate_limit_buckets for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/070_sync/fn_account_bucket.sql
create function crm_private.account_bucket(p_channel text, p_external_id text)
returns text
language sql
immutable
set search_path = ''
as $$
  select p_channel || ':' || p_external_id;
$$;
comment on function crm_private.account_bucket(text, text) is
  'Composes the name of a channel account''s rate limit bucket: <channel>:<external id>.

workspace_of_bucket is the inverse.';

-- sql/070_sync/fn_account_sync_resource.sql
create function crm_private.account_sync_resource(p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_what text;
begin
  select s.what into v_what from crm_private.channel_syncs() s where s.channel = p_account.channel;
  if not found then
    perform crm_private.raise_not_found(
      'sync', format('Accounts of channel %s have no sync.', p_account.channel),
      'Their webhooks bring everything; channel_syncs() lists the channels that have a sync.');
  end if;
  return crm_private.sync_resource(p_account.channel, p_account.external_id, v_what);
end;
$$;
comment on function crm_private.account_sync_resource(crm.channel_accounts) is
  'The resource that the sync of this account''s channel reads.

Errors: PT404 not_found when the channel has no sync.';

-- sql/070_sync/fn_add_rejected.sql
create function crm_private.add_rejected(p_counts jsonb, p_rejected jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  if jsonb_array_length(p_rejected) = 0 then
    return p_counts;
  end if;
  return (
    select jsonb_object_agg(n.what, n.count)
    from (
      select k.what, sum(k.count) as count
      from (
        select o.key as what, o.value::int as count from jsonb_each_text(p_counts) o
        union all
        select left(coalesce(r.value ->> 'what', r.value ->> 'reason', 'rejected'), 50), 1
        from jsonb_array_elements(p_rejected) r
      ) k
      group by k.what
    ) n
  );
end;
$$;
comment on function crm_private.add_rejected(jsonb, jsonb) is
  'Adds rejected things ([{what?, reason?}]) to counts of the form {what: count}.

Each counts by what it was, or by the reason where that is not given.';

-- sql/070_sync/fn_begin_run.sql
create function crm_private.begin_run(
  p_account crm.channel_accounts,
  p_resource text,
  p_mode text,
  p_holder text,
  p_fencing_token bigint
)
returns table (run crm.sync_runs, cursor jsonb, resumed boolean)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  -- Every incremental run reads this again: a source may show a change a little late.
  c_overlap constant interval := interval '5 minutes';
  -- A message that old, seen for the first time, no longer waits for a reply.
  c_recent constant interval := interval '24 hours';
  v_now timestamptz := clock_timestamp();
  v_state crm.sync_state;
  v_run crm.sync_runs;
  v_last crm.sync_runs;
  v_mode text;
begin
  insert into crm.sync_state (workspace_id, resource) values (p_account.workspace_id, p_resource)
  on conflict (workspace_id, resource) do nothing;
  select s.* into v_state
  from crm.sync_state s
  where s.workspace_id = p_account.workspace_id and s.resource = p_resource;

  update crm.sync_runs r set
    status = 'running',
    holder = p_holder,
    fencing_token = p_fencing_token,
    -- A process that died is credited up to its last committed page.
    active_for = r.active_for + case r.status
      when 'running' then greatest(r.last_page_at - coalesce(r.resumed_at, r.started_at), '0')
      else '0'
    end,
    resumed_at = v_now,
    resume_at = null,
    error = null
  where r.workspace_id = p_account.workspace_id and r.resource = p_resource and r.status in ('running', 'paused')
  returning r.* into v_run;
  if found then
    return query select v_run, v_state.cursor, true;
    return;
  end if;

  v_mode := case
    when p_mode = 'incremental' and v_state.high_watermark is not null then 'incremental'
    else 'full'
  end;
  select r.* into v_last
  from crm.sync_runs r
  where r.workspace_id = p_account.workspace_id and r.resource = p_resource
  order by r.started_at desc
  limit 1;
  -- A failed run leaves its cursor to the next run of its mode.
  -- A completed run leaves a cursor only where its caller kept it. A full run ignores that and reads everything again.
  resumed := v_state.cursor <> '{}' and (v_last.id is null
    or v_last.status = 'failed' and v_last.mode = v_mode
    or v_last.status = 'completed' and v_mode = 'incremental');
  if not resumed and v_state.cursor <> '{}' then
    update crm.sync_state s set cursor = '{}', updated_at = v_now
    where s.workspace_id = p_account.workspace_id and s.resource = p_resource
    returning s.* into v_state;
  end if;

  insert into crm.sync_runs as r (
    workspace_id, channel_account_id, resource, mode, holder, fencing_token, since, history_before, started_at)
  values (p_account.workspace_id, p_account.id, p_resource, v_mode, p_holder, p_fencing_token,
    case
      when v_mode = 'full' then null
      when resumed and v_last.status = 'failed' and v_last.since is not null then v_last.since
      else v_state.high_watermark - c_overlap
    end,
    -- Earlier runs have read everything up to the watermark and its second or, without one, up to the start of the last
    -- completed run. A resumed failed run keeps its judgement, because it has already stored messages by it.
    case
      when resumed and v_last.status = 'failed' then v_last.history_before
      when v_state.high_watermark is not null then
        least(v_now - c_recent, v_state.high_watermark + interval '1 second')
      when v_last.status = 'completed' then least(v_now - c_recent, v_last.started_at)
      else least(v_now - c_recent, v_last.history_before)
    end,
    v_now)
  returning r.* into v_run;
  return query select v_run, v_state.cursor, resumed;
end;
$$;
comment on function crm_private.begin_run(crm.channel_accounts, text, text, text, bigint) is
  'Resumes the unfinished run of a resource, or begins one.

The caller holds the lock of the resource with this fencing token.
Returns the run, its cursor, and whether that is not the beginning.';

-- sql/070_sync/fn_block_rate_limit.sql
create function crm.block_rate_limit(p_bucket text, p_for interval)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_for is null or p_for <= interval '0' or p_for > interval '7 days' then
    perform crm_private.reject_input('p_for', 'A block is more than nothing and at most 7 days long.');
  end if;
  perform crm_private.rate_limit_bucket(p_bucket);
  update crm.rate_limit_buckets b set blocked_until = clock_timestamp() + p_for
  where b.bucket = p_bucket and (b.blocked_until is null or b.blocked_until < clock_timestamp() + p_for);
end;
$$;
comment on function crm.block_rate_limit(text, interval) is
  'Lets a bucket grant nothing from now on for this long (at most 7 days), because the provider said so.

A block that ends later stays.
Errors: PT400 invalid_input.';

-- sql/070_sync/fn_commit_sync_page.sql
create function crm.commit_sync_page(
  p_run_id uuid,
  p_token uuid,
  p_items jsonb,
  p_cursor jsonb,
  p_total_estimate int default null,
  p_rejected jsonb default '[]',
  p_workspace_id uuid default null
)
returns table (
  items int,
  created int,
  updated int,
  unchanged int,
  failed int,
  expires_at timestamptz,
  rejected int,
  run_pages int,
  run_items int,
  run_created int,
  run_updated int,
  run_unchanged int,
  run_failed int,
  run_rejected int,
  total_estimate int
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_run crm.sync_runs;
  v_account crm.channel_accounts;
  v_results crm_private.ingest_result[];
  v_counts record;
  v_since cid;
  v_now timestamptz;
  v_moved boolean;
begin
  perform crm_private.check_batch(p_items);
  if jsonb_typeof(p_rejected) is distinct from 'array' or jsonb_array_length(p_rejected) > 1000 then
    perform crm_private.reject_input('p_rejected', 'What was rejected is a JSON array of at most 1,000.');
  end if;
  if jsonb_typeof(p_cursor) <> 'object' then
    perform crm_private.reject_input('p_cursor', 'A cursor is a JSON object.');
  end if;
  if p_cursor ->> 'high_watermark' is not null
    and crm_private.event_time(p_cursor ->> 'high_watermark') is null then
    perform crm_private.reject_input('p_cursor.high_watermark', 'A high watermark is a time with its zone.');
  end if;
  if p_total_estimate < 0 then
    perform crm_private.reject_input('p_total_estimate', 'There cannot be fewer than none.');
  end if;

  -- Lock first the run's lock, then everything else: no writer under a lock then waits for another one.
  v_run := crm_private.require_run_renewing_lease(p_run_id, p_token, p_workspace_id);
  select a.* into strict v_account from crm.channel_accounts a where a.id = v_run.channel_account_id;
  select l.expires_at, l.cmin into strict expires_at, v_since
  from crm.sync_locks l
  where l.resource = v_run.resource;

  perform crm_private.keep_dead_letter(v_account, v_account.channel, v_account.external_id,
    coalesce(r.value ->> 'reason', 'rejected'), r.value ->> 'path', null, coalesce(r.value -> 'item', r.value))
  from jsonb_array_elements(p_rejected) r;
  v_results := array(
    select r
    from crm_private.ingest_items_isolated(v_account, p_items, clock_timestamp(), v_run.history_before) r
    order by r.ordinal);
  select c.* into strict v_counts from crm_private.page_counts(v_account, p_items, v_results, v_since) c;

  v_now := clock_timestamp();
  if p_cursor is not null then
    insert into crm.sync_state as s (workspace_id, resource, cursor)
    values (v_run.workspace_id, v_run.resource, p_cursor)
    on conflict (workspace_id, resource) do update set cursor = excluded.cursor, updated_at = v_now
    where s.cursor <> excluded.cursor;
    v_moved := found;
  end if;
  -- Items that were already there are no progress: the same part of a page may come again and again.
  v_moved := v_moved or v_counts.created + v_counts.updated > 0;
  return query
  update crm.sync_runs r set
    pages = r.pages + 1,
    items = r.items + jsonb_array_length(p_items),
    created = r.created + v_counts.created,
    updated = r.updated + v_counts.updated,
    unchanged = r.unchanged + v_counts.unchanged,
    failed = r.failed + v_counts.failed,
    rejected = r.rejected + jsonb_array_length(p_rejected),
    rejected_by = crm_private.add_rejected(r.rejected_by, p_rejected),
    total_estimate = coalesce(p_total_estimate, r.total_estimate),
    last_page_at = v_now,
    progressed_at = case when v_moved then v_now else r.progressed_at end
  where r.workspace_id = v_run.workspace_id and r.id = v_run.id
  returning jsonb_array_length(p_items), v_counts.created, v_counts.updated, v_counts.unchanged, v_counts.failed,
    expires_at, jsonb_array_length(p_rejected), r.pages, r.items, r.created, r.updated, r.unchanged,
    r.failed, r.rejected, r.total_estimate;
end;
$$;
comment on function crm.commit_sync_page(uuid, uuid, jsonb, jsonb, int, jsonb, uuid) is
  'Ingests a page of up to 500 InboundItems with up to 2,000 events for a run, all of it or nothing.

It keeps p_rejected ([{reason, path, item, what?}]) as dead letters and p_cursor as the place to resume from, and lets
the lease end 5 minutes from now. A null p_cursor leaves the stored one: more of the same page follows.
cursor.high_watermark, a time by the source''s clock, becomes the resource''s when the run completes.
Messages from before the run''s history_before are history.
Returns how many items were created (a new conversation), updated (something was written), unchanged or failed (nothing
was stored: a dead letter), the end of the lease and the rejected. The run_ columns and total_estimate are the whole
run''s.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';

-- sql/070_sync/fn_find_run.sql
create function crm_private.find_run(p_account crm.channel_accounts, p_resource text, p_run_id uuid)
returns crm.sync_runs
language plpgsql
stable
set search_path = ''
as $$
declare
  v_run crm.sync_runs;
begin
  select r.* into v_run
  from crm.sync_runs r
  where r.workspace_id = p_account.workspace_id and r.id = p_run_id and r.channel_account_id = p_account.id
    and r.resource = p_resource;
  if not found then
    perform crm_private.raise_not_found(
      'sync_run', 'There is no such run of this account and resource.', 'Start one without naming a run.');
  end if;
  return v_run;
end;
$$;
comment on function crm_private.find_run(crm.channel_accounts, text, uuid) is
  'The run of this account and resource.

Errors: PT404 not_found.';

-- sql/070_sync/fn_finish_sync.sql
create function crm.finish_sync(
  p_run_id uuid,
  p_token uuid,
  p_status text,
  p_error text default null,
  p_workspace_id uuid default null,
  p_keep_cursor boolean default false
)
returns table (
  mode text,
  pages int,
  items int,
  created int,
  updated int,
  unchanged int,
  failed int,
  rejected int,
  total_estimate int
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_run crm.sync_runs;
  v_now timestamptz;
  v_stalled int := 0;
begin
  if p_status is null or p_status not in ('completed', 'paused', 'failed') then
    perform crm_private.reject_input('p_status', 'A run ends completed, paused or failed.');
  end if;
  if p_status = 'failed' and p_error is null or p_status <> 'completed' and p_error !~ '^[a-z]' then
    perform crm_private.reject_input('p_error', 'A failed run has an error that begins with a code of small letters.');
  end if;

  v_run := crm_private.require_run(p_run_id, p_token, p_workspace_id);
  v_now := clock_timestamp();
  if p_status = 'paused' and p_error is not null
    and (v_run.progressed_at >= coalesce(v_run.resumed_at, v_run.started_at)) is not true then
    v_stalled := v_run.stalled_attempts + 1;
  end if;
  -- A run that failed with `cursor` drops its cursor: the source refuses it.
  if p_status = 'completed' or p_status = 'failed' and p_error ~ '^cursor\M' then
    update crm.sync_state s set
      cursor = case when p_status = 'completed' and p_keep_cursor then s.cursor else '{}' end,
      high_watermark = case p_status
        when 'completed' then greatest(
          s.high_watermark,
          -- A watermark ahead of the clock would hide what is still to come.
          (select least(w.at, v_now)
            from crm_private.event_time(s.cursor ->> 'high_watermark') w (at)
            where w.at is not null),
          case when p_keep_cursor then v_run.started_at end)
        else s.high_watermark
      end,
      updated_at = v_now
    where s.workspace_id = v_run.workspace_id and s.resource = v_run.resource;
  end if;
  return query
  update crm.sync_runs r set
    status = p_status,
    active_for = r.active_for + greatest(v_now - coalesce(r.resumed_at, r.started_at), '0'),
    paused_at = case p_status when 'paused' then v_now else r.paused_at end,
    stalled_attempts = v_stalled,
    -- After stalled attempts the job waits one minute, two, four and so on, up to an hour.
    resume_at = case p_status when 'paused' then greatest(
      (select b.blocked_until
        from crm.channel_accounts a
        join crm.rate_limit_buckets b on b.bucket = crm_private.account_bucket(a.channel, a.external_id)
        where a.id = r.channel_account_id and b.blocked_until > v_now),
      case when v_stalled > 0 then v_now + least(power(2, least(v_stalled, 7) - 1), 60) * interval '1 minute' end
    ) end,
    finished_at = case when p_status <> 'paused' then v_now end,
    error = case when p_status <> 'completed' then left(p_error, 2000) end
  where r.workspace_id = v_run.workspace_id and r.id = v_run.id
  returning r.mode, r.pages, r.items, r.created, r.updated, r.unchanged, r.failed, r.rejected, r.total_estimate;
  perform crm.release_sync_lock(v_run.resource, p_token);
end;
$$;
comment on function crm.finish_sync(uuid, uuid, text, text, uuid, boolean) is
  'Ends a run or lets it pause, and gives its lock back.

completed: the cursor''s high_watermark becomes the resource''s if it is later, and the cursor is dropped. With
p_keep_cursor the next incremental run resumes from the cursor, and the start of this run is a high watermark too.
paused: the run resumes from its cursor. The scheduled job waits until resume_at: the end of the block of the account''s
rate limit and, after attempts that failed without progress, one minute, two, four and so on up to an hour.
failed: a new run of the same mode resumes from the cursor, except after the error cursor.
p_error begins with a stable code. A completed run keeps none.
Returns one row: what the whole run has counted.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';

-- sql/070_sync/fn_page_counts.sql
create function crm_private.page_counts(
  p_account crm.channel_accounts,
  p_items jsonb,
  p_results crm_private.ingest_result[],
  p_since cid
)
returns table (created int, updated int, unchanged int, failed int)
language plpgsql
stable
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
begin
  return query
  select count(*) filter (where o.outcome = 'created')::int, count(*) filter (where o.outcome = 'updated')::int,
    count(*) filter (where o.outcome = 'unchanged')::int, count(*) filter (where o.outcome = 'failed')::int
  from (
    select case
      when r.is_new then 'created'
      when r.events_inserted > 0 or r.contact_outcome in ('created', 'updated', 'upgraded') then 'updated'
      -- age(xmin) <= 0: this transaction wrote the row. cmin > p_since: after the ingest began.
      when exists (
        select from crm.conversations v
        where v.workspace_id = p_account.workspace_id and v.id = r.conversation_id
          and age(v.xmin) <= 0 and v.cmin::text::bigint > p_since::text::bigint
      ) or exists (
        -- No condition on the workspace: with young statistics it would read all keys of it for each item. ADR 7.
        select from crm.conversation_keys k
        where k.conversation_id = r.conversation_id
          and age(k.xmin) <= 0 and k.cmin::text::bigint > p_since::text::bigint
      ) or exists (
        select from jsonb_array_elements(case jsonb_typeof(r.item -> 'events') when 'array' then r.item -> 'events' end)
          e (event)
        cross join lateral (
          select m.xmin, m.cmin
          from crm.messages m
          where m.workspace_id = p_account.workspace_id and m.channel_account_id = p_account.id
            and m.provider_message_id = e.event ->> 'provider_message_id'
          offset 0
        ) m
        where age(m.xmin) <= 0 and m.cmin::text::bigint > p_since::text::bigint
      ) then 'updated'
      when r.error is not null then 'failed'
      else 'unchanged'
    end as outcome
    -- There is one result per item, in order.
    from rows from (jsonb_array_elements(p_items), unnest(p_results))
      r (item, ordinal, conversation_id, contact_id, version, is_new, contact_outcome, events_inserted,
        events_duplicate, error)
  ) o;
end;
$$;
comment on function crm_private.page_counts(crm.channel_accounts, jsonb, crm_private.ingest_result[], cid) is
  'Counts what became of ingested items.

created: its conversation is new. updated: something was written for it, or for another item of its conversation.
unchanged: nothing was written. failed: it has an error, and nothing was written.
Call it in the transaction that ingested the items. p_since is the command (cmin) after which that began.
A row that another transaction changed after this one began counts as updated too.';

-- sql/070_sync/fn_rate_limit_bucket.sql
create function crm_private.rate_limit_bucket(p_bucket text)
returns crm.rate_limit_buckets
language plpgsql
set search_path = ''
as $$
declare
  v_bucket crm.rate_limit_buckets;
  v_now timestamptz;
begin
  if p_bucket is null or btrim(p_bucket) = '' or length(p_bucket) > 512 then
    perform crm_private.reject_input('p_bucket', 'A bucket is a text of 1 to 512 characters.');
  end if;
  loop
    select b.* into v_bucket from crm.rate_limit_buckets b where b.bucket = p_bucket for no key update;
    exit when found;
    insert into crm.rate_limit_buckets (bucket, workspace_id)
    values (p_bucket, crm_private.workspace_of_bucket(p_bucket))
    on conflict (bucket) do nothing;
  end loop;

  -- Read the clock under the row lock: a caller that waited for the row sees the current time.
  -- A clock that was put back takes no tokens away.
  v_now := greatest(clock_timestamp(), v_bucket.refilled_at);
  v_bucket.tokens := least(v_bucket.capacity,
    v_bucket.tokens + extract(epoch from v_now - v_bucket.refilled_at) * v_bucket.refill_per_second);
  v_bucket.refilled_at := v_now;
  return v_bucket;
end;
$$;
comment on function crm_private.rate_limit_bucket(text) is
  'The bucket with the tokens that it has now. A new bucket is inserted.

It stores no tokens: the caller does. No other transaction can change the bucket before this one ends.
Errors: PT400 invalid_input.';

-- sql/070_sync/fn_require_run.sql
create function crm_private.require_run(p_run_id uuid, p_token uuid, p_workspace_id uuid)
returns crm.sync_runs
language plpgsql
set search_path = ''
as $$
declare
  v_run crm.sync_runs;
  v_resource text;
begin
  select r.* into v_run
  from crm.sync_runs r
  where r.id = p_run_id and (p_workspace_id is null or r.workspace_id = p_workspace_id);
  if not found then
    perform crm_private.raise_not_found('sync_run', 'There is no such sync run.', 'Start one with start_sync.');
  end if;
  v_resource := v_run.resource;
  perform crm_private.require_sync_lock(v_resource, p_token);

  -- Read again under the lock, which every writer of a run holds. The fencing token tells this run's lock from one that
  -- a caller took on the same resource for other work.
  select r.* into v_run
  from crm.sync_runs r
  join crm.sync_locks l on l.resource = r.resource and l.fencing_token = r.fencing_token
  where r.workspace_id = v_run.workspace_id and r.id = p_run_id and r.status = 'running';
  if not found then
    perform crm_private.require_sync_lock(v_resource, null);
  end if;
  return v_run;
end;
$$;
comment on function crm_private.require_run(uuid, uuid, uuid) is
  'The running run that this token was given for.

No other caller can take its lock before the transaction ends.
Errors: PT404 not_found, PT409 lock_lost.';

-- sql/070_sync/fn_require_run_renewing_lease.sql
create function crm_private.require_run_renewing_lease(p_run_id uuid, p_token uuid, p_workspace_id uuid)
returns crm.sync_runs
language plpgsql
set search_path = ''
as $$
declare
  v_run crm.sync_runs;
begin
  v_run := crm_private.require_run(p_run_id, p_token, p_workspace_id);
  update crm.sync_locks l set expires_at = clock_timestamp() + interval '5 minutes'
  where l.resource = v_run.resource;
  return v_run;
end;
$$;
comment on function crm_private.require_run_renewing_lease(uuid, uuid, uuid) is
  'The running run that this token was given for. Its lease now ends 5 minutes from now.

No other caller can take its lock before the transaction ends.
Errors: PT404 not_found, PT409 lock_lost.';

-- sql/070_sync/fn_set_rate_limit.sql
create function crm.set_rate_limit(p_bucket text, p_capacity int, p_refill_per_second numeric)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_is_new boolean;
  v_bucket crm.rate_limit_buckets;
begin
  if p_capacity is null or p_capacity not between 1 and 1000000 then
    perform crm_private.reject_input('p_capacity', 'A capacity is between 1 and 1,000,000.');
  end if;
  if p_refill_per_second is null or p_refill_per_second > 1000000 or round(p_refill_per_second, 6) <= 0 then
    perform crm_private.reject_input(
      'p_refill_per_second', 'A refill is more than 0 and at most 1,000,000 a second, to 6 places.');
  end if;
  v_is_new := not exists (select from crm.rate_limit_buckets b where b.bucket = p_bucket);
  v_bucket := crm_private.rate_limit_bucket(p_bucket);
  update crm.rate_limit_buckets b set
    capacity = p_capacity,
    refill_per_second = p_refill_per_second,
    tokens = case when v_is_new then p_capacity else least(v_bucket.tokens, p_capacity) end,
    refilled_at = v_bucket.refilled_at
  where b.bucket = p_bucket
    and (b.capacity, b.refill_per_second) is distinct from (p_capacity, round(p_refill_per_second, 6));
end;
$$;
comment on function crm.set_rate_limit(text, int, numeric) is
  'Sets what a bucket holds (1 to 1,000,000) and how many tokens it gains a second.

The bucket keeps its tokens, up to the new capacity. A new bucket begins full.
Errors: PT400 invalid_input.';

-- sql/070_sync/fn_start_sync.sql
create function crm.start_sync(
  p_channel_account_id uuid,
  p_resource text default null,
  p_mode text default null,
  p_holder text default null,
  p_run_id uuid default null
)
returns table (
  run_id uuid,
  token uuid,
  cursor jsonb,
  since timestamptz,
  resumed boolean,
  fencing_token bigint,
  expires_at timestamptz,
  mode text,
  status text,
  pages int,
  items int,
  created int,
  updated int,
  unchanged int,
  failed int,
  rejected int,
  total_estimate int,
  resource text,
  bucket text
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_account crm.channel_accounts;
  v_resource text;
  v_run crm.sync_runs;
  v_lock record;
  v_begun record;
begin
  if p_mode is null or p_mode not in ('full', 'incremental') then
    perform crm_private.reject_input('p_mode', 'The mode is full or incremental.');
  end if;
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id and a.is_active;
  if not found then
    perform crm_private.raise_not_found(
      'channel_account', 'There is no such active channel account.', 'Connect it with connect_channel.');
  end if;
  v_resource := coalesce(p_resource, crm_private.account_sync_resource(v_account));
  if not crm_private.resource_belongs_to(v_resource, v_account.channel, v_account.external_id) then
    perform crm_private.reject_input('p_resource', 'The resource is <channel>:<external id>:<what> of the account.');
  end if;

  if p_run_id is not null then
    v_run := crm_private.find_run(v_account, v_resource, p_run_id);
  end if;
  if v_run.finished_at is null then
    v_lock := crm_private.take_sync_lock(v_resource, p_holder);
    if p_run_id is not null then
      -- Read again under the lock: the run may have finished before this call got it.
      v_run := crm_private.find_run(v_account, v_resource, p_run_id);
    end if;
    if v_run.finished_at is not null then
      perform crm.release_sync_lock(v_resource, v_lock.token);
    end if;
  end if;

  if v_run.finished_at is not null then
    select null::uuid as token, null::bigint as fencing_token, null::timestamptz as expires_at into v_lock;
    select v_run as run, '{}'::jsonb as cursor, false as resumed into v_begun;
  else
    select b.run, b.cursor, b.resumed into v_begun
    from crm_private.begin_run(v_account, v_resource, p_mode, p_holder, v_lock.fencing_token) b;
    v_run := v_begun.run;
  end if;
  return query
  select v_run.id, v_lock.token, v_begun.cursor, v_run.since, v_begun.resumed, v_lock.fencing_token, v_lock.expires_at,
    v_run.mode, v_run.status, v_run.pages, v_run.items, v_run.created, v_run.updated, v_run.unchanged, v_run.failed,
    v_run.rejected, v_run.total_estimate, v_resource,
    crm_private.account_bucket(v_account.channel, v_account.external_id);
end;
$$;
comment on function crm.start_sync(uuid, text, text, text, uuid) is
  'Takes the lock of an account''s resource for 5 minutes and resumes its unfinished run, or begins one.

p_resource: without it, what the sync of the account''s channel reads. p_mode: full or incremental; an unfinished run
keeps its own mode, and an incremental run without a high watermark is a full one. p_run_id: that run; once it has
finished, its row comes back without a token and nothing is taken.
Returns one row: what commit_sync_page and finish_sync need (run_id, token), the lease''s fencing_token and end, where
to resume (cursor; resumed: that is not the beginning), from when to read (since; null: everything), how far the run
has come, the resource of its lock, and the bucket of the account''s rate limit.
Errors: PT400 invalid_input, PT404 not_found (the account, the sync of its channel, or the run of this account and
resource), PT409 lock_held with held_by and expires_at.';

-- sql/070_sync/fn_sync_cursor.sql
create function crm.sync_cursor(p_workspace_id uuid, p_resource text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select s.cursor from crm.sync_state s where s.workspace_id = p_workspace_id and s.resource = p_resource
  );
end;
$$;
comment on function crm.sync_cursor(uuid, text) is
  'Where the next run over the resource resumes.

Null when there was no run. Of a B2Chat export: {contacts, chats}, each as land_raw_records got it.';

-- sql/070_sync/fn_take_rate_limit.sql
create function crm.take_rate_limit(p_bucket text, p_cost int default 1)
returns table (granted boolean, retry_after interval, retry_after_ms bigint)
language plpgsql
set search_path = ''
as $$
declare
  v_bucket crm.rate_limit_buckets := crm_private.rate_limit_bucket(p_bucket);
  v_wait interval;
begin
  if p_cost is null or p_cost < 1 or p_cost > v_bucket.capacity then
    perform crm_private.reject_input('p_cost', 'A cost is between 1 and the capacity of the bucket.');
  end if;
  -- Rounded up to a millisecond, so that a caller that comes back then finds enough.
  v_wait := greatest(
    make_interval(secs => (ceil((p_cost - v_bucket.tokens) / v_bucket.refill_per_second * 1000) / 1000)::float8),
    v_bucket.blocked_until - v_bucket.refilled_at);
  if v_wait > interval '0' then
    return query select false, v_wait, ceil(extract(epoch from v_wait) * 1000)::bigint;
    return;
  end if;
  update crm.rate_limit_buckets b set tokens = v_bucket.tokens - p_cost, refilled_at = v_bucket.refilled_at
  where b.bucket = p_bucket;
  return query select true, null::interval, null::bigint;
end;
$$;
comment on function crm.take_rate_limit(text, int) is
  'Takes p_cost tokens out of a bucket.

Returns granted. When not granted nothing is taken, and retry_after (also in milliseconds) is the time until there are
enough or the block ends. A bucket without its own limit holds 100 and gains 10 a second.
Errors: PT400 invalid_input, also for a cost above the capacity.';

-- sql/070_sync/fn_workspace_of_bucket.sql
create function crm_private.workspace_of_bucket(p_bucket text)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select a.workspace_id
    from regexp_match(p_bucket, '^([^:]+):(.+)$') m (part)
    join crm.channel_accounts a on a.channel = m.part[1] and a.external_id = m.part[2]
  );
end;
$$;
comment on function crm_private.workspace_of_bucket(text) is
  'The workspace of the channel account that a rate limit bucket is named after. Null when it names none.';

-- sql/075_b2chat/05_types.sql
create type crm_private.raw_outcome as (
  place int,
  outcome text,
  error jsonb
);
comment on type crm_private.raw_outcome is
  'What became of a raw record, by its place in the array of claimed records.

outcome: created, updated, upgraded, skipped or failed. error: only of a failed one.';

-- sql/075_b2chat/10_tables.sql
create table crm.raw_records (
  workspace_id uuid not null,
  channel_account_id uuid not null,
  entity text not null,
  external_id text not null collate "C",
  content_hash text not null collate "C",
  payload jsonb not null,
  status text not null default 'pending',
  attempts int not null default 0,
  error jsonb,
  landed_at timestamptz not null default clock_timestamp(),
  processed_at timestamptz,
  primary key (workspace_id, channel_account_id, entity, external_id, content_hash),
  constraint channel_account_fkey foreign key (workspace_id, channel_account_id)
    references crm.channel_accounts (workspace_id, id) on delete cascade,
  constraint entity_is_valid check (entity in ('contacts', 'chats')),
  constraint status_is_valid check (status in ('pending', 'done', 'failed', 'skipped')),
  constraint payload_is_object check (jsonb_typeof(payload) = 'object'),
  constraint failed_with_an_error check ((status = 'failed') <= (error is not null))
);
comment on table crm.raw_records is
  'The records of an export as delivered.

Every version of a record has its own row, so an older copy that lands late replaces nothing.';
comment on column crm.raw_records.content_hash is 'SHA-256 of the payload, in hex.';
comment on column crm.raw_records.status is
  'pending: not transformed yet. done: it changed something. skipped: it said nothing new. failed: see error.
Landing a failed record again makes it pending.';
comment on column crm.raw_records.error is
  '{path, message, sqlstate?}: the path is that of the wrong value in the payload.';
create index raw_records_pending_idx on crm.raw_records (entity, landed_at) where status = 'pending';
create index raw_records_account_pending_idx on crm.raw_records (channel_account_id, entity, landed_at)
  where status = 'pending';

-- sql/075_b2chat/30_policies.sql
alter table crm.raw_records enable row level security;
create policy members_read on crm.raw_records for select to authenticated
  using (workspace_id = any ((select crm_private.member_workspace_ids())::uuid[]));

-- sql/075_b2chat/fn_add_landed.sql
create function crm_private.add_landed(p_run crm.sync_runs, p_unchanged int, p_rejected jsonb, p_moved boolean)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  update crm.sync_runs r set
    pages = r.pages + 1,
    items = r.items + p_unchanged,
    unchanged = r.unchanged + p_unchanged,
    rejected = r.rejected + jsonb_array_length(p_rejected),
    rejected_by = crm_private.add_rejected(r.rejected_by, p_rejected),
    last_page_at = v_now,
    progressed_at = case when p_moved then v_now else r.progressed_at end
  where r.workspace_id = p_run.workspace_id and r.id = p_run.id;
end;
$$;
comment on function crm_private.add_landed(crm.sync_runs, int, jsonb, boolean) is
  'Counts a page of raw records on its run: those that were already there, and what was set aside.

The run counts new records when they are transformed. p_moved: whether the page was progress.';

-- sql/075_b2chat/fn_add_transformed.sql
create function crm_private.add_transformed(p_run crm.sync_runs, p_outcomes crm_private.raw_outcome[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.sync_runs r set
    items = r.items + c.processed,
    created = r.created + c.created,
    updated = r.updated + c.updated + c.upgraded,
    unchanged = r.unchanged + c.skipped,
    failed = r.failed + c.failed,
    progressed_at = clock_timestamp()
  from crm_private.raw_counts(p_outcomes) c
  where r.workspace_id = p_run.workspace_id and r.id = p_run.id and c.processed > 0;
end;
$$;
comment on function crm_private.add_transformed(crm.sync_runs, crm_private.raw_outcome[]) is
  'Counts transformed records on their run.

created, updated (upgraded ones too), unchanged (skipped ones) and failed.';

-- sql/075_b2chat/fn_b2chat_message_problem.sql
create function crm_private.b2chat_message_problem(p_messages jsonb, p_time_zone text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select format('$.messages[%s]%s', m.index - 1, w.wrong)
    from jsonb_array_elements(nullif(p_messages, 'null')) with ordinality m (message, index)
    cross join lateral (
      select case
        when jsonb_typeof(m.message) <> 'object' then ''
        else '.' || coalesce(
          crm_private.first_wrong_type(m.message, '{"body": "string number", "caption": "string number",
            "type": "string", "incoming": "boolean", "broadcasted": "boolean", "created_at": "string",
            "location": "object"}'),
          case when jsonb_typeof(m.message -> 'incoming') is distinct from 'boolean' then 'incoming' end,
          case when crm_private.zoned_time(m.message ->> 'created_at', p_time_zone) is null then 'created_at' end)
      end as wrong
    ) w
    where w.wrong is not null
    order by m.index
    limit 1
  );
end;
$$;
comment on function crm_private.b2chat_message_problem(jsonb, text) is
  'Finds the first message value of a B2Chat chat that has a wrong type.

A missing direction or time is wrong too. Returns its JSON path from the chat, null when all are right.';

-- sql/075_b2chat/fn_b2chat_tags_and_attributes.sql
create function crm_private.b2chat_tags_and_attributes(p_person jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (
    select jsonb_strip_nulls(jsonb_build_object(
      'custom_attributes', (
        select jsonb_object_agg(a.value ->> 'name', a.value -> 'value' order by a.index)
        from jsonb_array_elements(nullif(p_person -> 'custom_attributes', 'null')) with ordinality a (value, index)
        where btrim(a.value ->> 'name') <> ''),
      'tags', (
        select jsonb_agg(distinct btrim(t.value ->> 'name'))
        from jsonb_array_elements(nullif(p_person -> 'tags', 'null')) t
        where btrim(t.value ->> 'name') <> '')))
  );
end;
$$;
comment on function crm_private.b2chat_tags_and_attributes(jsonb) is
  'The tags and custom attributes of a B2Chat person in the form that a contact has.

Returns {custom_attributes: {name: value}, tags: [name]}, without the key that has nothing.';

-- sql/075_b2chat/fn_b2chat_tags_and_attributes_problem.sql
create function crm_private.b2chat_tags_and_attributes_problem(p_person jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (
    select min(format(
      '.%s[%s]%s', l.field, e.index - 1, case when jsonb_typeof(e.value) = 'object' then '.name' end) collate "C")
    from (values ('custom_attributes'), ('tags')) l (field)
    cross join lateral jsonb_array_elements(
      case when jsonb_typeof(p_person -> l.field) = 'array' then p_person -> l.field else '[]' end
    ) with ordinality e (value, index)
    where jsonb_typeof(e.value) <> 'object' or jsonb_typeof(e.value -> 'name') is distinct from 'string'
  );
end;
$$;
comment on function crm_private.b2chat_tags_and_attributes_problem(jsonb) is
  'Finds a tag or custom attribute of a B2Chat person that is no object with a name.

Returns its JSON path from the person, null when all are right. Both exports give people these lists.';

-- sql/075_b2chat/fn_chat_contact_scope.sql
create function crm_private.chat_contact_scope(p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- Nothing proves that both exports number people alike: the account's settings may say so.
  return case when p_account.settings -> 'shared_contact_ids' = 'true' then 'contacts:' else 'chats:' end
    || p_account.external_id;
end;
$$;
comment on function crm_private.chat_contact_scope(crm.channel_accounts) is
  'The scope of the contact ids in the merchant''s chats.';

-- sql/075_b2chat/fn_claim_raw_records.sql
create function crm_private.claim_raw_records(
  p_entity text,
  p_limit int,
  p_workspace_id uuid default null,
  p_channel_account_id uuid default null
)
returns crm.raw_records[]
language plpgsql
set search_path = ''
as $$
declare
  v_without_zone crm.channel_accounts[];
begin
  if p_limit is null or p_limit < 1 or p_limit > 500 then
    perform crm_private.reject_input('p_limit', 'The limit is 1 to 500.');
  end if;

  -- Records of an account whose time zone the server does not know stay pending. land_raw_records reports the zone.
  v_without_zone := array(
    select a from crm.channel_accounts a
    where a.channel = 'b2chat' and not crm_private.is_time_zone(crm_private.merchant_time_zone(a)));

  if p_channel_account_id is not null then
    return array(
      select c.raw
      from (
        select r as raw, r.landed_at
        from crm.raw_records r
        where r.workspace_id = p_workspace_id and r.channel_account_id = p_channel_account_id and r.entity = p_entity
          and r.status = 'pending'
          and not exists (select from unnest(v_without_zone) z where z.id = r.channel_account_id)
        order by r.landed_at
        limit p_limit
        for update skip locked
      ) c
      order by c.landed_at);
  end if;

  return array(
    select c.raw
    from (
      select r as raw, r.landed_at
      from crm.raw_records r
      where r.entity = p_entity and r.status = 'pending'
        and not exists (select from unnest(v_without_zone) z where z.id = r.channel_account_id)
      order by r.landed_at
      limit p_limit
      for update skip locked
    ) c
    order by c.landed_at);
end;
$$;
comment on function crm_private.claim_raw_records(text, int, uuid, uuid) is
  'Claims up to p_limit (1 to 500) pending records of an entity, of one account or of all, oldest first.

The claim lasts to the end of the transaction. It skips records that another transaction has claimed.
Records of an account with an unknown time zone wait.
Errors: PT400 invalid_input.';

-- sql/075_b2chat/fn_count_ids_under_shared_contact_ids.sql
create function crm_private.count_ids_under_shared_contact_ids(
  p_before crm.channel_accounts,
  p_after crm.channel_accounts
)
returns int
language plpgsql
stable
set search_path = ''
as $$
declare
  v_scope text := crm_private.chat_contact_scope(p_before);
begin
  if p_before.channel <> 'b2chat' or v_scope = crm_private.chat_contact_scope(p_after) then
    return 0;
  end if;
  -- Ids that the contacts export alone has named stay where they are.
  if not exists (
    select from crm.conversations v
    where v.workspace_id = p_before.workspace_id and v.channel_account_id = p_before.id) then
    return 0;
  end if;
  return (
    select count(*)
    from (
      select
      from crm.contact_identities i
      where i.workspace_id = p_before.workspace_id and i.kind = 'b2chat_id' and i.scope = v_scope
      limit 1000
    ) n
  );
end;
$$;
comment on function crm_private.count_ids_under_shared_contact_ids(crm.channel_accounts, crm.channel_accounts) is
  'How many contact ids that the merchant''s chats may name, up to 1,000, are kept in the scope that would change.

update_channel_account refuses such a change. None before the first chat: which ids chats name is not kept beside
them.';

-- sql/075_b2chat/fn_first_unreadable_time.sql
create function crm_private.first_unreadable_time(p_object jsonb, p_fields text[], p_time_zone text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select min(f.field collate "C")
    from unnest(p_fields) f (field)
    where btrim(p_object ->> f.field) <> '' and crm_private.zoned_time(p_object ->> f.field, p_time_zone) is null
  );
end;
$$;
comment on function crm_private.first_unreadable_time(jsonb, text[], text) is
  'Finds the first of these fields whose text is no time.

Returns the field, null when each is a time, blank or null.';

-- sql/075_b2chat/fn_first_wrong_type.sql
create function crm_private.first_wrong_type(p_object jsonb, p_types jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return (
    select min(t.field collate "C")
    from jsonb_each_text(p_types) t (field, types)
    where jsonb_typeof(p_object -> t.field) <> 'null'
      and jsonb_typeof(p_object -> t.field) <> all (string_to_array(t.types, ' '))
  );
end;
$$;
comment on function crm_private.first_wrong_type(jsonb, jsonb) is
  'Finds the first field of an object that has a type other than those listed for it.

p_types: {field: "string number"}. Null always fits, and so does any value of a field that is not listed.
Returns the field, null when all are right.';

-- sql/075_b2chat/fn_group_by_account.sql
create function crm_private.group_by_account(p_rows crm.raw_records[])
returns table (account crm.channel_accounts, places int[])
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select a, c.places
  from (
    select (p_rows[p.place]).channel_account_id as id, array_agg(p.place order by p.place) as places
    from generate_subscripts(p_rows, 1) p (place)
    group by 1
  ) c
  join crm.channel_accounts a on a.id = c.id
  order by c.places[1];
end;
$$;
comment on function crm_private.group_by_account(crm.raw_records[]) is
  'Groups raw records by their account.

Returns each account with the places of its records in the array, oldest first.';

-- sql/075_b2chat/fn_ingest_chats.sql
create function crm_private.ingest_chats(
  p_account crm.channel_accounts,
  p_places int[],
  p_items jsonb[],
  p_closed_at timestamptz[],
  p_now timestamptz
)
returns crm_private.raw_outcome[]
language plpgsql
set search_path = ''
as $$
declare
  v_results crm_private.ingest_result[];
  v_closed uuid[];
begin
  perform crm_private.check_batch(to_jsonb(p_items));
  v_results := array(
    select r from crm_private.ingest_items_isolated(p_account, to_jsonb(p_items), p_now) r order by r.ordinal);
  v_closed := crm_private.close_conversations(p_account.workspace_id,
    array(select r.conversation_id from unnest(v_results) r order by r.ordinal), p_closed_at);
  return array(
    select row(
      p_places[r.ordinal],
      case
        when r.error is not null then 'failed'
        when r.is_new then 'created'
        when r.events_inserted > 0 or r.contact_outcome in ('created', 'updated', 'upgraded')
          or r.conversation_id = any (v_closed) then 'updated'
        else 'skipped'
      end,
      case when r.error is not null then crm_private.raw_record_error(
        -- Only an event's time can be wrong here: read_b2chat_chat has checked everything else.
        coalesce(
          regexp_replace(r.error #>> '{events,0,path}', '^\$\.events\[(\d+)\].*$', '$.messages[\1].created_at'), '$'),
        r.error ->> 'sqlstate',
        case
          when r.error ? 'events' then 'A time is before 2004 or more than 24 hours ahead.'
          else 'The database refused the chat.'
        end) end
    )::crm_private.raw_outcome
    from unnest(v_results) r
    order by r.ordinal);
end;
$$;
comment on function crm_private.ingest_chats(
  crm.channel_accounts, int[], jsonb[], timestamptz[], timestamptz) is
  'Ingests chats and closes their conversations.

By ordinal: p_places is the place of the raw record, p_items the InboundItem, p_closed_at when the chat was closed.
Returns what became of each.
Errors: PT400 invalid_input for more than 500 items or 2,000 events.';

-- sql/075_b2chat/fn_land_raw_records.sql
create function crm.land_raw_records(
  p_channel_account_id uuid,
  p_entity text,
  p_records jsonb,
  p_rejected jsonb default '[]',
  p_resource text default null,
  p_lock_token uuid default null,
  p_cursor jsonb default null,
  p_run_id uuid default null
)
returns table (landed int, unchanged int)
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
  v_run crm.sync_runs;
  v_usable int;
  v_moved boolean := false;
  v_now timestamptz := clock_timestamp();
begin
  select a.* into v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  if not found then
    perform crm_private.raise_not_found(
      'channel_account', 'There is no such channel account.', 'Connect it with connect_channel.');
  end if;
  if v_account.channel <> 'b2chat' then
    perform crm_private.reject_input('p_channel_account_id', 'Raw records are landed for accounts of channel b2chat.');
  end if;
  if p_entity is null or p_entity not in ('contacts', 'chats') then
    perform crm_private.reject_input('p_entity', 'The entity is contacts or chats.');
  end if;
  if jsonb_typeof(p_records) is distinct from 'array' or jsonb_array_length(p_records) > 500 then
    perform crm_private.reject_input('p_records', 'Records are a JSON array of at most 500.');
  end if;
  if jsonb_typeof(p_rejected) is distinct from 'array' or jsonb_array_length(p_rejected) > 1000 then
    perform crm_private.reject_input('p_rejected', 'What was rejected is a JSON array of at most 1,000.');
  end if;
  if p_resource is null and (p_lock_token is not null or p_cursor is not null) then
    perform crm_private.reject_input('p_resource', 'A lock and a cursor belong to a resource.');
  end if;
  if jsonb_typeof(p_cursor) <> 'object' then
    perform crm_private.reject_input('p_cursor', 'A cursor is a JSON object.');
  end if;
  if not crm_private.is_time_zone(crm_private.merchant_time_zone(v_account)) then
    perform crm_private.reject_input('$.settings.time_zone', 'The account has a time zone that does not exist.');
  end if;
  if p_run_id is not null then
    v_run := crm_private.require_run_renewing_lease(p_run_id, p_lock_token, v_account.workspace_id);
    if (v_run.channel_account_id, v_run.resource) is distinct from (v_account.id, p_resource) then
      perform crm_private.reject_input('p_run_id', 'The run is one of this account and resource.');
    end if;
  elsif p_lock_token is not null then
    perform crm_private.require_sync_lock(p_resource, p_lock_token);
  end if;

  perform crm_private.keep_dead_letter(v_account, v_account.channel, v_account.external_id,
    coalesce(r.value ->> 'reason', 'rejected'), r.value ->> 'path', null, coalesce(r.value -> 'item', r.value))
  from jsonb_array_elements(p_rejected) r;
  perform crm_private.keep_dead_letter(v_account, v_account.channel, v_account.external_id, 'malformed',
    case
      when jsonb_typeof(r.record) <> 'object' then '$'
      when p_entity = 'contacts' then '$.contact_id'
      else '$.chat_id'
    end, null, r.record)
  from jsonb_array_elements(p_records) r (record)
  where jsonb_typeof(r.record) <> 'object' or crm_private.raw_record_id(p_entity, r.record) is null;

  with usable as materialized (
    select crm_private.raw_record_id(p_entity, r.record) as external_id, r.record, r.place,
      encode(sha256(convert_to(r.record::text, 'UTF8')), 'hex') as content_hash
    from jsonb_array_elements(p_records) with ordinality r (record, place)
    where jsonb_typeof(r.record) = 'object'
  ), written as (
    insert into crm.raw_records as x (
      workspace_id, channel_account_id, entity, external_id, content_hash, payload, landed_at)
    -- In the order of the keys, so that two landings never deadlock. landed_at keeps the order of the page.
    select v_account.workspace_id, v_account.id, p_entity, u.external_id, u.content_hash, u.record,
      v_now + u.place * interval '1 microsecond'
    from (
      select distinct on (n.external_id, n.content_hash) n.*
      from usable n
      where n.external_id is not null
      order by n.external_id, n.content_hash, n.place
    ) u
    order by u.external_id collate "C", u.content_hash collate "C"
    on conflict (workspace_id, channel_account_id, entity, external_id, content_hash) do update
      set status = 'pending', error = null, processed_at = null
      where x.status = 'failed'
    returning 1
  )
  select (select count(*)::int from usable u where u.external_id is not null), (select count(*)::int from written)
  into v_usable, landed;
  unchanged := v_usable - landed;

  if p_cursor is not null then
    insert into crm.sync_state as s (workspace_id, resource, cursor)
    values (v_account.workspace_id, p_resource, jsonb_build_object(p_entity, p_cursor))
    on conflict (workspace_id, resource) do update
      set cursor = s.cursor || excluded.cursor, updated_at = clock_timestamp()
    where s.cursor || excluded.cursor <> s.cursor;
    v_moved := found;
  end if;
  if p_run_id is not null then
    perform crm_private.add_landed(v_run, unchanged, p_rejected || (
      select coalesce(jsonb_agg('{"reason": "malformed"}'::jsonb), '[]')
      from generate_series(v_usable + 1, jsonb_array_length(p_records))
    ), v_moved or landed > 0);
  end if;
  return next;
end;
$$;
comment on function crm.land_raw_records(uuid, text, jsonb, jsonb, text, uuid, jsonb, uuid) is
  'Keeps up to 500 records of a B2Chat export as delivered.

p_entity: contacts or chats. p_rejected ([{reason, path, item}]): what the translation set aside. That and records
without a usable id become dead letters.
p_lock_token: it writes only while that lock of p_resource is held. p_cursor: kept in sync_state under p_resource and
p_entity, in the same transaction. p_run_id: the lock is that run''s. The run counts the page, and its lease ends
5 minutes from now.
Returns how many records landed (new, or failed before) and how many were already there (unchanged).
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';

-- sql/075_b2chat/fn_mark_raw_records_processed.sql
create function crm_private.mark_raw_records_processed(p_rows crm.raw_records[], p_outcomes crm_private.raw_outcome[])
returns void
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  update crm.raw_records r set
    status = case o.outcome when 'failed' then 'failed' when 'skipped' then 'skipped' else 'done' end,
    attempts = r.attempts + 1,
    error = o.error,
    processed_at = clock_timestamp()
  from unnest(p_outcomes) o
  cross join lateral (select (p_rows[o.place]).*) c
  where r.workspace_id = c.workspace_id and r.channel_account_id = c.channel_account_id and r.entity = c.entity
    and r.external_id = c.external_id and r.content_hash = c.content_hash;
end;
$$;
comment on function crm_private.mark_raw_records_processed(crm.raw_records[], crm_private.raw_outcome[]) is
  'Writes what became of claimed records: done, skipped, or failed with the error.

attempts counts how often each record was tried.';

-- sql/075_b2chat/fn_merchant_time_zone.sql
create function crm_private.merchant_time_zone(p_account crm.channel_accounts)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return coalesce(p_account.settings ->> 'time_zone', (
    select s.default_value #>> '{}'
    from crm_private.settings() s
    where s.channel = p_account.channel and s.name = 'time_zone'));
end;
$$;
comment on function crm_private.merchant_time_zone(crm.channel_accounts) is
  'The time zone of the merchant''s times: what the account''s setting says, known to the server or not.';

-- sql/075_b2chat/fn_raw_counts.sql
create function crm_private.raw_counts(p_outcomes crm_private.raw_outcome[])
returns table (processed int, created int, updated int, upgraded int, skipped int, failed int)
language plpgsql
immutable
set search_path = ''
as $$
begin
  return query
  select count(*)::int, count(*) filter (where o.outcome = 'created')::int,
    count(*) filter (where o.outcome = 'updated')::int, count(*) filter (where o.outcome = 'upgraded')::int,
    count(*) filter (where o.outcome = 'skipped')::int, count(*) filter (where o.outcome = 'failed')::int
  from unnest(p_outcomes) o;
end;
$$;
comment on function crm_private.raw_counts(crm_private.raw_outcome[]) is
  'Counts raw records by their outcome. processed is the sum.';

-- sql/075_b2chat/fn_raw_record_error.sql
create function crm_private.raw_record_error(p_path text, p_sqlstate text default null, p_message text default null)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'path', p_path,
    'message', coalesce(p_message, 'A value has the wrong type, form or size.'),
    'sqlstate', p_sqlstate));
end;
$$;
comment on function crm_private.raw_record_error(text, text, text) is
  'The error that a failed raw record keeps: {path, message, sqlstate?}.

The path is from the root of its payload.';

-- sql/075_b2chat/fn_raw_record_id.sql
create function crm_private.raw_record_id(p_entity text, p_record jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_id jsonb := p_record -> case p_entity when 'contacts' then 'contact_id' else 'chat_id' end;
  v_text text := v_id #>> '{}';
begin
  return case jsonb_typeof(v_id)
    when 'string' then case when btrim(v_text) <> '' and length(v_text) <= 256 then v_text end
    when 'number' then case when v_text ~ '^[0-9]{1,18}$' then v_text end
  end;
end;
$$;
comment on function crm_private.raw_record_id(text, jsonb) is
  'The id that B2Chat gives a contact or a chat: a text or a whole number.

Returns null when the id cannot be used.';

-- sql/075_b2chat/fn_read_b2chat_chat.sql
create function crm_private.read_b2chat_chat(
  p_record jsonb,
  p_account crm.channel_accounts,
  p_time_zone text,
  p_now timestamptz,
  out participant jsonb,
  out events jsonb,
  out updated_at timestamptz,
  out closed_at timestamptz,
  out problem_path text
)
language plpgsql
stable
set search_path = ''
as $$
declare
  -- {our field: B2Chat's}. The contacts export names them differently.
  v_names constant jsonb := '{"full_name": "name", "identification": "identification", "email": "email",
    "mobile": "mobile_number", "landline": "phone_number"}'::jsonb;
  v_times constant text[] := '{created_at,opened_at,picked_up_at,response_at,closed_at}'::text[];
  v_contact jsonb := nullif(p_record -> 'contact', 'null');
  v_id jsonb := v_contact -> 'id';
  v_state_at timestamptz;
  v_state jsonb;
begin
  problem_path := coalesce(
    '$.' || crm_private.first_wrong_type(p_record, '{"contact": "object", "messages": "array", "agent": "object",
      "status": "string", "provider": "string", "alias": "string", "department": "string", "created_at": "string",
      "opened_at": "string", "picked_up_at": "string", "response_at": "string", "closed_at": "string"}'),
    '$.' || crm_private.first_unreadable_time(p_record, v_times, p_time_zone),
    '$.contact.' || crm_private.first_wrong_type(v_contact, '{"id": "string number", "name": "string number",
      "mobile_number": "string number", "phone_number": "string number", "email": "string number",
      "identification": "string number", "custom_attributes": "array", "tags": "array"}'),
    case
      when jsonb_typeof(v_id) = 'number' and v_id::text !~ '^[0-9]+$' or length(v_id #>> '{}') > 256 then '$.contact.id'
    end,
    '$.contact' || crm_private.b2chat_tags_and_attributes_problem(v_contact),
    crm_private.b2chat_message_problem(p_record -> 'messages', p_time_zone));
  if problem_path is not null then
    return;
  end if;

  if v_contact is not null then
    participant := crm_private.b2chat_tags_and_attributes(v_contact)
      || (select coalesce(jsonb_object_agg(n.ours, v_contact -> n.theirs), '{}')
        from jsonb_each_text(v_names) n (ours, theirs))
      || jsonb_build_object('identities', case
        when btrim(v_id #>> '{}') <> '' then jsonb_build_array(jsonb_build_object(
          'kind', 'b2chat_id', 'value', v_id #>> '{}',
          'scope', crm_private.chat_contact_scope(p_account)))
        else '[]'
      end);
    select '$.contact.' || coalesce(v_names ->> w.field, w.field) into problem_path
    from (
      select ltrim(min(p.path collate "C"), '.') as field
      from crm_private.participant_problems(array[participant]) p
    ) w;
    if problem_path is not null then
      return;
    end if;
  end if;

  events := crm_private.read_b2chat_messages(
    crm_private.raw_record_id('chats', p_record), p_record -> 'messages', p_time_zone, p_account.created_at);

  -- Skip impossible times: with one of them as its newest time, the chat would win over every later delivery.
  select max(t.at) into v_state_at
  from (select crm_private.zoned_time(p_record ->> f.field, p_time_zone) as at from unnest(v_times) f (field)) t
  where t.at between '2004-01-01 00:00:00+00' and p_now + interval '24 hours';
  select greatest(v_state_at, max(t.at)) into updated_at
  from (select (e.value ->> 'occurred_at')::timestamptz as at from jsonb_array_elements(events) e) t
  where t.at between '2004-01-01 00:00:00+00' and p_now + interval '24 hours';

  v_state := jsonb_strip_nulls(jsonb_build_object('status', p_record -> 'status',
    'department', p_record -> 'department', 'agent', p_record -> 'agent', 'provider', p_record -> 'provider',
    'alias', p_record -> 'alias'));
  if v_state_at is not null and v_state <> '{}' then
    events := events || jsonb_build_object('type', 'chat_state', 'payload', v_state,
      'occurred_at', to_char(timezone('UTC', v_state_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
  end if;
  if p_record ->> 'status' in ('CLOSED', 'COMPLETED_POLL', 'ABANDONED_POLL') then
    closed_at := crm_private.plausible_time(crm_private.zoned_time(p_record ->> 'closed_at', p_time_zone));
  end if;
end;
$$;
comment on function crm_private.read_b2chat_chat(jsonb, crm.channel_accounts, text, timestamptz) is
  'Reads a record of B2Chat''s chats export. Times without a zone are read in p_time_zone.

Returns the parts of an InboundItem: the participant (null when the chat names none), the events (messages in order,
then the state with agent and department), the newest time in it, and when it was closed. Or, in problem_path, the JSON
path of what is wrong with it.
Fields: https://b2chat.gitbook.io/b2chat-platform-api-docs/chats/exportar-chats';

-- sql/075_b2chat/fn_read_b2chat_contact.sql
create function crm_private.read_b2chat_contact(
  p_record jsonb,
  p_account crm.channel_accounts,
  p_time_zone text,
  out participant jsonb,
  out source_time timestamptz,
  out problem_path text
)
language plpgsql
stable
set search_path = ''
as $$
declare
  -- {our field: B2Chat's}
  v_names constant jsonb := '{"full_name": "fullname", "identification": "identification", "email": "email",
    "mobile": "mobile", "landline": "landline", "address": "address", "country": "country", "city": "city",
    "company": "company", "merchant_id": "merchant_id"}'::jsonb;
  v_problem text;
begin
  v_problem := coalesce(
    '.' || crm_private.first_wrong_type(p_record, '{"fullname": "string number", "identification": "string number",
      "email": "string number", "mobile": "string number", "landline": "string number", "address": "string number",
      "country": "string number", "city": "string number", "company": "string number", "merchant_id": "string number",
      "created": "string", "updated": "string", "custom_attributes": "array", "tags": "array"}'),
    '.' || crm_private.first_unreadable_time(p_record, '{created,updated}', p_time_zone),
    crm_private.b2chat_tags_and_attributes_problem(p_record));
  if v_problem is null then
    participant := crm_private.b2chat_tags_and_attributes(p_record)
      || (select coalesce(jsonb_object_agg(n.ours, p_record -> n.theirs), '{}')
        from jsonb_each_text(v_names) n (ours, theirs))
      || jsonb_build_object('identities', jsonb_build_array(jsonb_build_object(
        'kind', 'b2chat_id', 'scope', 'contacts:' || p_account.external_id,
        'value', crm_private.raw_record_id('contacts', p_record))));
    if btrim(p_record ->> 'created') <> '' then
      participant := participant
        || jsonb_build_object('source_created_at', crm_private.zoned_time(p_record ->> 'created', p_time_zone));
    end if;
    source_time := crm_private.plausible_time(crm_private.zoned_time(p_record ->> 'updated', p_time_zone));

    select min(p.path collate "C") into v_problem from crm_private.participant_problems(array[participant]) p;
    v_problem := '.' || coalesce(v_names ->> ltrim(v_problem, '.'), ltrim(v_problem, '.'));
  end if;
  problem_path := '$' || v_problem;
end;
$$;
comment on function crm_private.read_b2chat_contact(jsonb, crm.channel_accounts, text) is
  'Reads a record of B2Chat''s contacts export. Times without a zone are read in p_time_zone.

Returns the participant and the time of its last update. Or, in problem_path, the JSON path of what is wrong with it.
Fields: https://b2chat.gitbook.io/b2chat-platform-api-docs/contactos/recuperar-contactos';

-- sql/075_b2chat/fn_read_b2chat_messages.sql
create function crm_private.read_b2chat_messages(
  p_chat_id text,
  p_messages jsonb,
  p_time_zone text,
  p_connected_at timestamptz
)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with read as (
      select m.index, m.message, crm_private.zoned_time(m.message ->> 'created_at', p_time_zone) as at,
        m.message ->> 'created_at' as created_at, m.message -> 'incoming' as incoming, m.message ->> 'type' as type,
        m.message ->> 'body' as body, nullif(btrim(m.message ->> 'caption'), '') as caption,
        coalesce(nullif(btrim(m.message ->> 'type'), ''), 'TEXT') <> 'TEXT' as is_media
      from jsonb_array_elements(nullif(p_messages, 'null')) with ordinality m (message, index)
    ), numbered as (
      -- B2Chat gives messages no id. This one is the same in every export. n tells equal messages apart.
      select r.*, r.is_media and r.body ~* '^https?://' as is_link,
        row_number() over (partition by r.created_at, r.incoming, r.type, r.body order by r.index) as n
      from read r
    )
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'type', 'message',
        'direction', case when r.incoming = 'true' then 'inbound' else 'outbound' end,
        'provider_message_id', 'b2chat:' || encode(sha256(convert_to(
          jsonb_build_array(p_chat_id, r.created_at, r.incoming, r.type, r.body, r.n)::text, 'UTF8')), 'hex'),
        'occurred_at', to_char(timezone('UTC', r.at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'text', coalesce(
          case when r.is_media then r.caption end, case when not r.is_link then nullif(btrim(r.body), '') end),
        'attachments', case when r.is_media then jsonb_build_array(
          jsonb_build_object(
            'type', lower(btrim(r.type)), 'url', case when r.is_link then r.body end, 'caption', r.caption)
            || coalesce(nullif(r.message -> 'location', 'null'), '{}')) end,
        'is_history', case when r.at < p_connected_at then true end,
        'payload', case when r.message -> 'broadcasted' = 'true' then '{"broadcasted": true}'::jsonb end
      )) order by r.index), '[]')
    from numbered r
  );
end;
$$;
comment on function crm_private.read_b2chat_messages(text, jsonb, text, timestamptz) is
  'The messages of a B2Chat chat as events, in order.

Messages from before p_connected_at, when the account was connected, are history.
The caller has checked the types: b2chat_message_problem.';

-- sql/075_b2chat/fn_split_chat.sql
create function crm_private.split_chat(p_chat_id text, p_participant jsonb, p_updated_at timestamptz, p_events jsonb)
returns setof jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return query
  select jsonb_strip_nulls(jsonb_build_object('thread_id', p_chat_id, 'participant', p_participant))
    || case when p_updated_at is null then '{}' else jsonb_build_object('updated_at', p_updated_at) end
    || jsonb_build_object('events', (
      select coalesce(jsonb_agg(e.value order by e.index), '[]')
      from jsonb_array_elements(p_events) with ordinality e (value, index)
      where (e.index - 1) / 1000 = p.part))
  from generate_series(0, greatest(jsonb_array_length(p_events) - 1, 0) / 1000) p (part)
  order by p.part;
end;
$$;
comment on function crm_private.split_chat(text, jsonb, timestamptz, jsonb) is
  'Splits a chat into InboundItems of its thread, with at most 1,000 events each.';

-- sql/075_b2chat/fn_transform_chats.sql
create function crm_private.transform_chats(
  p_account crm.channel_accounts,
  p_rows crm.raw_records[],
  p_places int[],
  p_now timestamptz,
  p_until timestamptz
)
returns crm_private.raw_outcome[]
language plpgsql
set search_path = ''
as $$
declare
  v_zone text := crm_private.merchant_time_zone(p_account);
  v_place int;
  v_chat record;
  v_item jsonb;
  v_size int;
  v_events int := 0;
  v_places int[] := '{}'::int[];
  v_items jsonb[] := '{}'::jsonb[];
  v_closed_at timestamptz[] := '{}'::timestamptz[];
  v_outcomes crm_private.raw_outcome[] := '{}'::crm_private.raw_outcome[];
begin
  foreach v_place in array p_places loop
    -- The rest stays pending for the next call.
    exit when cardinality(v_outcomes) > 0 and clock_timestamp() > p_until;
    select c.* into v_chat from crm_private.read_b2chat_chat((p_rows[v_place]).payload, p_account, v_zone, p_now) c;
    if v_chat.problem_path is not null then
      v_outcomes := v_outcomes
        || row(v_place, 'failed', crm_private.raw_record_error(v_chat.problem_path))::crm_private.raw_outcome;
      continue;
    end if;

    for v_item in
      select i.*
      from crm_private.split_chat(
        (p_rows[v_place]).external_id, v_chat.participant, v_chat.updated_at, v_chat.events) i
    loop
      v_size := jsonb_array_length(v_item -> 'events');
      if cardinality(v_items) >= 500 or v_events + v_size > 2000 then
        v_outcomes := v_outcomes || crm_private.ingest_chats(p_account, v_places, v_items, v_closed_at, p_now);
        v_places := '{}';
        v_items := '{}';
        v_closed_at := '{}';
        v_events := 0;
      end if;
      v_places := v_places || v_place;
      v_items := v_items || v_item;
      v_closed_at := v_closed_at || v_chat.closed_at;
      v_events := v_events + v_size;
    end loop;
  end loop;

  if cardinality(v_items) > 0 then
    v_outcomes := v_outcomes || crm_private.ingest_chats(p_account, v_places, v_items, v_closed_at, p_now);
  end if;
  -- A chat that came in several parts has one outcome.
  return array(
    select distinct on (o.place) row(o.place, o.outcome, o.error)::crm_private.raw_outcome
    from unnest(v_outcomes) with ordinality as o (place, outcome, error, part)
    order by o.place, array_position(array['failed', 'created', 'updated', 'skipped'], o.outcome), o.part);
end;
$$;
comment on function crm_private.transform_chats(
  crm.channel_accounts, crm.raw_records[], int[], timestamptz, timestamptz) is
  'Turns claimed chat records of one account (p_places in p_rows) into conversations, until p_until.

It works in slices of at most 500 items and 2,000 events. A record with a wrong type, or one that the tables refuse,
fails alone.
Returns what became of each record that it came to.';

-- sql/075_b2chat/fn_transform_contacts.sql
create function crm_private.transform_contacts(
  p_account crm.channel_accounts,
  p_rows crm.raw_records[],
  p_places int[]
)
returns crm_private.raw_outcome[]
language plpgsql
set search_path = ''
as $$
declare
  v_zone text := crm_private.merchant_time_zone(p_account);
  v_items crm_private.inbound_item[] := '{}'::crm_private.inbound_item[];
  v_read record;
begin
  for v_ordinal in 1..cardinality(p_places) loop
    select r.* into v_read
    from crm_private.read_b2chat_contact((p_rows[p_places[v_ordinal]]).payload, p_account, v_zone) r;
    v_items := v_items || row(v_ordinal, null, v_read.participant, v_read.source_time, null,
      'b2chat:' || p_account.external_id || ':contact:' || (p_rows[p_places[v_ordinal]]).external_id,
      case when v_read.problem_path is not null then 'invalid_item' end, v_read.problem_path)::crm_private.inbound_item;
  end loop;

  return array(
    select row(
      p_places[s.ordinal],
      case
        when s.error is not null then 'failed'
        when s.outcome in ('created', 'updated', 'upgraded') then s.outcome
        else 'skipped'
      end,
      case when s.error is not null then crm_private.raw_record_error(s.error ->> 'path', s.error ->> 'sqlstate',
        case when s.error ? 'sqlstate' then 'The database refused the contact.' end) end
    )::crm_private.raw_outcome
    from crm_private.store_contacts(p_account, 'contacts_api', v_items) s);
end;
$$;
comment on function crm_private.transform_contacts(crm.channel_accounts, crm.raw_records[], int[]) is
  'Turns claimed contact records of one account (p_places in p_rows) into contacts.

A record with a wrong type, or one that the tables refuse, fails alone.
Returns what became of each.';

-- sql/075_b2chat/fn_transform_raw.sql
create function crm_private.transform_raw(
  p_entity text,
  p_limit int,
  p_run_id uuid,
  p_token uuid,
  p_workspace_id uuid
)
returns table (processed int, created int, updated int, upgraded int, skipped int, failed int)
language plpgsql
set search_path = ''
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '4 seconds';
  v_run crm.sync_runs;
  v_rows crm.raw_records[];
  v_group record;
  v_outcomes crm_private.raw_outcome[] := '{}'::crm_private.raw_outcome[];
begin
  if p_run_id is not null then
    v_run := crm_private.require_run_renewing_lease(p_run_id, p_token, p_workspace_id);
  elsif p_token is not null then
    perform crm_private.reject_input('p_token', 'A token belongs to a run.');
  end if;
  v_rows := crm_private.claim_raw_records(p_entity, p_limit, v_run.workspace_id, v_run.channel_account_id);
  for v_group in select g.* from crm_private.group_by_account(v_rows) g loop
    -- The rest stays pending for the next call.
    exit when cardinality(v_outcomes) > 0 and clock_timestamp() > v_until;
    v_outcomes := v_outcomes || case p_entity
      when 'contacts' then crm_private.transform_contacts(v_group.account, v_rows, v_group.places)
      else crm_private.transform_chats(v_group.account, v_rows, v_group.places, clock_timestamp(), v_until)
    end;
  end loop;
  perform crm_private.mark_raw_records_processed(v_rows, v_outcomes);
  if p_run_id is not null then
    perform crm_private.add_transformed(v_run, v_outcomes);
  end if;
  return query select c.* from crm_private.raw_counts(v_outcomes) c;
end;
$$;
comment on function crm_private.transform_raw(text, int, uuid, uuid, uuid) is
  'Transforms up to p_limit (1 to 500) pending raw records of an entity, oldest first, for at most about 4 seconds.

p_run_id: only those of the run''s account. The run counts them, and its lease ends 5 minutes from now.
Returns how many were processed, and what became of them.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';

-- sql/075_b2chat/fn_transform_raw_chats.sql
create function crm.transform_raw_chats(
  p_limit int default 500,
  p_run_id uuid default null,
  p_token uuid default null,
  p_workspace_id uuid default null
)
returns table (processed int, created int, updated int, upgraded int, skipped int, failed int)
language plpgsql
set search_path = ''
as $$
begin
  return query
  select t.* from crm_private.transform_raw('chats', p_limit, p_run_id, p_token, p_workspace_id) t;
end;
$$;
comment on function crm.transform_raw_chats(int, uuid, uuid, uuid) is
  'Turns up to p_limit (1 to 500) pending chat records into conversations, oldest first.

p_run_id: only those of the run''s account, under its token. The run counts them, and its lease ends 5 minutes from now.
Returns how many were created, updated (something new was said, or the conversation was closed), skipped (nothing new)
and failed (the record keeps the error with the JSON path). Of a chat with a message of an impossible time, the other
messages are stored. upgraded is always 0. processed is the sum: call again until it is 0.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';

-- sql/075_b2chat/fn_transform_raw_contacts.sql
create function crm.transform_raw_contacts(
  p_limit int default 500,
  p_run_id uuid default null,
  p_token uuid default null,
  p_workspace_id uuid default null
)
returns table (processed int, created int, updated int, upgraded int, skipped int, failed int)
language plpgsql
set search_path = ''
as $$
begin
  return query
  select t.* from crm_private.transform_raw('contacts', p_limit, p_run_id, p_token, p_workspace_id) t;
end;
$$;
comment on function crm.transform_raw_contacts(int, uuid, uuid, uuid) is
  'Turns up to p_limit (1 to 500) pending contact records into contacts, oldest first.

p_run_id: only those of the run''s account, under its token. The run counts them, and its lease ends 5 minutes from now.
Returns how many were created, updated, upgraded (a stub became full), skipped (nothing new) and failed (the record
keeps the error with the JSON path). processed is the sum: call again until it is 0.
Errors: PT400 invalid_input, PT404 not_found, PT409 lock_lost.';

-- sql/075_b2chat/fn_zoned_time.sql
create function crm_private.zoned_time(p_value text, p_time_zone text)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?$' then
    begin
      return timezone(p_time_zone, p_value::timestamp);
    exception when data_exception then
      return null;
    end;
  end if;
  return crm_private.event_time(p_value);
end;
$$;
comment on function crm_private.zoned_time(text, text) is
  'Reads a time without a zone in this zone (a name that is_time_zone knows), or a time that event_time reads.

Returns null when the text is neither.';

-- sql/300_contact_merge/fn_contact_domains.sql
create function crm_private.contact_domains()
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array['conversations'];
$$;
comment on function crm_private.contact_domains() is
  'The domains whose rows reference a contact, in the order in which a merge moves them.

Each domain offers two functions in its own room:
move_<domain>(crm.contact_merges) returns jsonb: gives the duplicate''s rows to the survivor and says which they were;
return_<domain>(crm.contact_merges) returns void: gives them back, where moved -> ''<domain>'' is what the first
returned.
A merge locks both contacts before it calls either.';

-- sql/300_contact_merge/fn_explain_contact.sql
-- Security definer: one check for all it reads; the first act is the membership check.
create function crm.explain_contact(p_contact_id uuid, p_workspace_id uuid default null)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_contact crm.contacts;
begin
  select c.workspace_id into v_workspace_id
  from crm.contacts c
  where c.id = p_contact_id and c.workspace_id = coalesce(p_workspace_id, c.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'viewer');
  if v_workspace_id is null then
    perform crm_private.raise_not_found('contact', 'There is no such contact.', 'Look up the id again.');
  end if;

  select c.* into v_contact from crm.contacts c where c.workspace_id = v_workspace_id and c.id = p_contact_id;
  return jsonb_build_object(
    'contact_id', p_contact_id,
    'merged_into_id', v_contact.merged_into_id,
    'identities', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value, 'rule', i.rule,
        'source', i.source,
        'delivery', i.delivery, 'first_seen_at', i.first_seen_at, 'is_previous', i.is_previous, 'merge_id', (
          -- The latest merge that brought the identity here.
          select m.id from crm.contact_merges m
          where m.survivor_id = p_contact_id and m.undone_at is null
            and m.moved -> 'identities' @> jsonb_build_array(jsonb_build_object('kind', i.kind, 'scope', i.scope,
              'value', i.value))
          order by m.merged_at desc
          limit 1)
        ) order by i.first_seen_at, i.kind, i.scope, i.value), '[]')
      from crm.contact_identities i
      where i.contact_id = p_contact_id),
    'fields', (
      select coalesce(jsonb_object_agg(f.field,
        jsonb_build_object('value', f.value) || crm_private.field_source(v_contact, f.field)), '{}')
      from (
        select f.field, to_jsonb(v_contact) -> f.field as value
        from unnest(crm_private.contact_text_fields() || array['tags', 'source_created_at']) f (field)
        union all
        select 'custom_attributes.' || a.key, a.value from jsonb_each(v_contact.custom_attributes) a
      ) f
      where f.value not in ('null', '[]') or v_contact.field_sources ? f.field),
    'merges', (
      select coalesce(jsonb_agg(jsonb_build_object('merge_id', m.id, 'role', m.role,
        'other_contact_id', m.other_contact_id, 'reason', m.reason,
        'merged_by', m.merged_by, 'merged_at', m.merged_at, 'undone_at', m.undone_at) order by m.merged_at, m.id), '[]')
      from (
        select s.*, 'survivor' as role, s.duplicate_id as other_contact_id
        from crm.contact_merges s where s.survivor_id = p_contact_id
        union all
        select d.*, 'duplicate', d.survivor_id from crm.contact_merges d where d.duplicate_id = p_contact_id
      ) m),
    'candidates', (
      select coalesce(jsonb_agg(jsonb_build_object('candidate_id', m.id,
        'other_contact_id', case when m.contact_a_id = p_contact_id then m.contact_b_id else m.contact_a_id end,
        'status', m.status, 'evidence', m.evidence, 'created_at', m.created_at, 'decided_at', m.decided_at)
        order by m.created_at, m.id), '[]')
      from crm.merge_candidates m
      where m.workspace_id = v_workspace_id and (m.contact_a_id = p_contact_id or m.contact_b_id = p_contact_id)));
end;
$$;
comment on function crm.explain_contact(uuid, uuid) is
  'Why a contact is as it is: where its identities and fields came from, its merges and candidates. For viewers.

{contact_id, merged_into_id,
identities: [{kind, scope, value, rule, source, delivery, first_seen_at, is_previous, merge_id}],
fields: {field: {value, source, at, delivery}},
merges: [{merge_id, role (survivor or duplicate), other_contact_id, reason, merged_by, merged_at, undone_at}],
candidates: [{candidate_id, other_contact_id, status, evidence, created_at, decided_at}]}.
merge_id of an identity is the merge that brought it. wa_id, identification and phone_normalized follow from identities
and fields.

PT401, PT403, PT404 not_found.';

-- sql/300_contact_merge/fn_lock_merge_candidates.sql
create function crm_private.lock_merge_candidates(p_workspace_id uuid, p_contact_id uuid, p_other_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from crm.merge_candidates m
  where m.workspace_id = p_workspace_id
    and (m.contact_a_id in (p_contact_id, p_other_id) or m.contact_b_id in (p_contact_id, p_other_id))
  order by m.id
  for update;
end;
$$;
comment on function crm_private.lock_merge_candidates(uuid, uuid, uuid) is
  'Locks the merge candidates that name one of the two contacts, in id order.

In the order of locks they come after the contacts and before conversations.';

-- sql/300_contact_merge/fn_merge_contact_candidates.sql
create function crm_private.merge_contact_candidates(
  p_workspace_id uuid,
  p_survivor_id uuid,
  p_duplicate_id uuid,
  p_now timestamptz
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_row crm.merge_candidates;
  v_mine crm.merge_candidates;
  v_joined crm.merge_candidates;
  v_other uuid;
  v_pair jsonb;
  v_moved jsonb := '[]'::jsonb;
begin
  perform crm_private.lock_merge_candidates(p_workspace_id, p_survivor_id, p_duplicate_id);
  for v_row in
    select m.* from crm.merge_candidates m
    where m.workspace_id = p_workspace_id and p_duplicate_id in (m.contact_a_id, m.contact_b_id)
      and m.status <> 'merged'
    order by m.id
  loop
    v_other := case when v_row.contact_a_id = p_duplicate_id then v_row.contact_b_id else v_row.contact_a_id end;
    if v_other = p_survivor_id then
      update crm.merge_candidates m set status = 'merged', decided_at = p_now
      where m.workspace_id = p_workspace_id and m.id = v_row.id;
      v_pair := to_jsonb(v_row);
      continue;
    end if;

    select m.* into v_mine from crm.merge_candidates m
    where m.workspace_id = p_workspace_id
      and m.contact_a_id = least(p_survivor_id, v_other) and m.contact_b_id = greatest(p_survivor_id, v_other);
    if not found then
      update crm.merge_candidates m
      set contact_a_id = least(p_survivor_id, v_other), contact_b_id = greatest(p_survivor_id, v_other)
      where m.workspace_id = p_workspace_id and m.id = v_row.id;
      v_moved := v_moved || jsonb_build_object('row', to_jsonb(v_row));
      continue;
    end if;

    -- The survivor has a candidate with the same other contact: keep one row with both evidences.
    -- A rejection of one of them counts.
    v_joined := v_mine;
    if v_row.status = 'rejected' and v_mine.status <> 'rejected' then
      v_joined.status := v_row.status;
      v_joined.decided_at := v_row.decided_at;
    end if;
    v_joined.evidence := v_row.evidence || v_mine.evidence || coalesce((
      select jsonb_build_object('identities', jsonb_agg(distinct i.identity order by i.identity))
      from jsonb_array_elements(coalesce(v_row.evidence -> 'identities', '[]')
        || coalesce(v_mine.evidence -> 'identities', '[]')) i (identity)
      having count(*) > 0), '{}');
    delete from crm.merge_candidates m where m.workspace_id = p_workspace_id and m.id = v_row.id;
    update crm.merge_candidates m
    set status = v_joined.status, decided_at = v_joined.decided_at, evidence = v_joined.evidence
    where m.workspace_id = p_workspace_id and m.id = v_mine.id
      and row(m.status, m.evidence) is distinct from row(v_joined.status, v_joined.evidence);
    v_moved := v_moved
      || jsonb_build_object('row', to_jsonb(v_row), 'joins', to_jsonb(v_mine), 'joined', to_jsonb(v_joined));
  end loop;
  return jsonb_build_object('pair', v_pair, 'candidates', v_moved);
end;
$$;
comment on function crm_private.merge_contact_candidates(uuid, uuid, uuid, timestamptz) is
  'Gives the duplicate''s merge candidates to the survivor, and marks the pair of the two as merged.

Returns {pair, candidates}. pair is the pair''s row as it was; null when there was none. candidates are [{row, joins?,
joined?}]: a row as it was and, where the survivor had the same pair, that row before and after it took this one in.
Pairs that were merged earlier are history and stay. The caller has locked both contacts.';

-- sql/300_contact_merge/fn_merge_contact_fields.sql
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
  v_is_upgrade boolean := p_survivor.needs_full_sync and not p_duplicate.needs_full_sync;
begin
  with fields as (
    select f.field, v_mine -> f.field as mine, v_other -> f.field as other
    from unnest(crm_private.contact_text_fields() || array['tags', 'source_created_at']) f (field)
    union all
    select 'custom_attributes.' || k.key, p_survivor.custom_attributes -> k.key, p_duplicate.custom_attributes -> k.key
    from jsonb_object_keys(p_duplicate.custom_attributes) k (key)
    union all
    select k.key, case when p_survivor.field_sources ? k.key then to_jsonb(k.key) end, to_jsonb(k.key)
    from jsonb_object_keys(p_duplicate.field_sources) k (key)
    where k.key like 'identification.%'
  ), won as (
    select f.field, f.other
    from fields f
    where nullif(nullif(f.other, 'null'), '[]') is not null
      and (nullif(nullif(f.mine, 'null'), '[]') is null
        or crm_private.field_wins(
          coalesce(p_duplicate.field_sources -> f.field ->> 'source', p_duplicate.sync_source),
          (p_duplicate.field_sources -> f.field ->> 'at')::timestamptz, f.other,
          p_duplicate.field_sources -> f.field ->> 'delivery',
          coalesce(p_survivor.field_sources -> f.field ->> 'source', p_survivor.sync_source),
          (p_survivor.field_sources -> f.field ->> 'at')::timestamptz, f.mine,
          p_survivor.field_sources -> f.field ->> 'delivery'))
  )
  select coalesce(jsonb_object_agg(w.field, w.other) filter (where w.field not like 'custom\_attributes.%'), '{}'),
    coalesce(jsonb_object_agg(substr(w.field, length('custom_attributes.') + 1), w.other)
      filter (where w.field like 'custom\_attributes.%'), '{}'),
    coalesce(jsonb_object_agg(w.field, crm_private.field_source(p_duplicate, w.field)), '{}')
  into v_columns, v_custom, v_sources
  from won w;

  if v_columns = '{}' and v_custom = '{}' and not v_is_upgrade
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
    source_updated_at = greatest(c.source_updated_at, p_duplicate.source_updated_at),
    sync_source = case when v_is_upgrade then 'upgraded' else c.sync_source end,
    needs_full_sync = c.needs_full_sync and not v_is_upgrade
  from jsonb_populate_record(null::crm.contacts, v_columns) r
  where c.workspace_id = p_survivor.workspace_id and c.id = p_survivor.id;
end;
$$;
comment on function crm_private.merge_contact_fields(crm.contacts, crm.contacts) is
  'Gives the survivor each field of the duplicate that comes later in the order of fields.

That order is the source''s rank, time, value, delivery. A stub that takes in a full contact is full from then on. The
duplicate keeps its own fields.';

-- sql/300_contact_merge/fn_merge_contact_identities.sql
create function crm_private.merge_contact_identities(p_survivor_id uuid, p_duplicate_id uuid)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_kinds constant text[] := array_remove(crm_private.exclusive_kinds(), 'identification');
  v_moved jsonb;
begin
  -- Of two current ids of an exclusive kind the survivor's stays current. Which of two identifications does,
  -- note_identity_fields says.
  select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value)
      || case when i.is_second then '{"was_current": true}' else '{}' end::jsonb
    order by i.kind, i.scope, i.value), '[]')
  into v_moved
  from (
    select d.kind, d.scope, d.value,
      not d.is_previous and d.kind = any (v_kinds) and exists (
        select from crm.contact_identities s
        where s.contact_id = p_survivor_id and s.kind = d.kind and s.scope = d.scope and not s.is_previous) as is_second
    from crm.contact_identities d
    where d.contact_id = p_duplicate_id
  ) i;

  update crm.contact_identities d set
    contact_id = p_survivor_id,
    is_previous = d.is_previous or d.kind = any (v_kinds) and exists (
      select from crm.contact_identities s
      where s.contact_id = p_survivor_id and s.kind = d.kind and s.scope = d.scope and not s.is_previous)
  where d.contact_id = p_duplicate_id;
  return v_moved;
end;
$$;
comment on function crm_private.merge_contact_identities(uuid, uuid) is
  'Gives the duplicate''s identities to the survivor and returns them: [{kind, scope, value, was_current?}].

Where both have a current id of an exclusive kind in one scope, the duplicate''s becomes a previous one (was_current).
The caller has locked both contacts.';

-- sql/300_contact_merge/fn_merge_contacts.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.merge_contacts(
  p_survivor_id uuid,
  p_duplicate_id uuid,
  p_reason text,
  p_workspace_id uuid default null
)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_survivor_id uuid;
  v_duplicate_id uuid;
  v_merge_id uuid;
begin
  select c.workspace_id into v_workspace_id
  from crm.contacts c
  where c.id = p_survivor_id and c.workspace_id = coalesce(p_workspace_id, c.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'agent');
  if v_workspace_id is null
    or not exists (select from crm.contacts c where c.workspace_id = v_workspace_id and c.id = p_duplicate_id) then
    perform crm_private.raise_not_found('contact', 'There is no such contact.',
      'Both contacts are of one workspace. An id that was merged away is followed.');
  end if;
  if length(coalesce(btrim(p_reason), '')) not between 1 and 1000 then
    perform crm_private.reject_input('p_reason', 'A reason is 1 to 1000 characters.');
  end if;

  for v_attempt in 1..5 loop
    begin
      v_survivor_id := crm_private.surviving_contact(v_workspace_id, p_survivor_id);
      v_duplicate_id := crm_private.surviving_contact(v_workspace_id, p_duplicate_id);
      if v_survivor_id = v_duplicate_id then
        perform crm_private.reject_input('p_duplicate_id', 'The two are one contact already.');
      end if;
      v_merge_id := crm_private.apply_contact_merge(v_workspace_id, v_survivor_id, v_duplicate_id, btrim(p_reason),
        coalesce(auth.uid()::text, 'service_role'));
      exit;
    exception when serialization_failure then
      -- Another transaction merged one of them away: release the locks and read again.
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;
  return v_merge_id;
end;
$$;
comment on function crm.merge_contacts(uuid, uuid, text, uuid) is
  'Merges the duplicate into the survivor, whatever keeps them apart. For agents.

Returns the id of the contact_merges row, which unmerge_contacts takes. Follows ids of contacts that were merged away.
Where both have a current id of an exclusive kind, the duplicate''s becomes a previous one.

PT400 invalid_input (also: the two are one contact), PT401, PT403, PT404 not_found.';

-- sql/300_contact_merge/fn_merge_or_propose.sql
create function crm_private.merge_or_propose(
  p_workspace_id uuid,
  p_contact_id uuid,
  p_other_id uuid,
  p_reason text,
  p_evidence jsonb
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_contact crm.contacts;
  v_other crm.contacts;
begin
  perform from crm.contacts c
  where c.workspace_id = p_workspace_id
    and c.id in (crm_private.surviving_contact(p_workspace_id, p_contact_id),
      crm_private.surviving_contact(p_workspace_id, p_other_id))
  order by c.id
  for no key update;
  select c.* into v_contact from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id = crm_private.surviving_contact(p_workspace_id, p_contact_id);
  select c.* into v_other from crm.contacts c
  where c.workspace_id = p_workspace_id and c.id = crm_private.surviving_contact(p_workspace_id, p_other_id);
  if v_contact.id = v_other.id then
    return 'same';
  end if;

  if (v_contact.needs_full_sync or v_other.needs_full_sync)
    and not crm_private.contacts_are_kept_apart(p_workspace_id, v_contact.id, v_other.id) then
    if crm_private.survivor_of(v_contact.id, v_contact.needs_full_sync, v_contact.created_at, v_other.id,
        v_other.needs_full_sync, v_other.created_at) = v_contact.id then
      perform crm_private.apply_contact_merge(p_workspace_id, v_contact.id, v_other.id, p_reason, 'system');
    else
      perform crm_private.apply_contact_merge(p_workspace_id, v_other.id, v_contact.id, p_reason, 'system');
    end if;
    return 'merged';
  end if;

  insert into crm.merge_candidates (workspace_id, contact_a_id, contact_b_id, evidence)
  values (p_workspace_id, least(v_contact.id, v_other.id), greatest(v_contact.id, v_other.id), p_evidence)
  on conflict (workspace_id, contact_a_id, contact_b_id) do nothing;
  return case when found then 'candidate' else 'known' end;
end;
$$;
comment on function crm_private.merge_or_propose(uuid, uuid, uuid, text, jsonb) is
  'Merges two contacts that are found to be one person, or keeps them as a merge candidate.

Returns merged (one is a stub and nothing keeps them apart), candidate (both are full, or something keeps them apart),
known (they already were a candidate) or same (they are already one contact). Follows ids of contacts that were merged
away.';

-- sql/300_contact_merge/fn_reapply_contact_merge.sql
create function crm_private.reapply_contact_merge(p_merge crm.contact_merges)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
  v_duplicate crm.contacts;
begin
  select c.* into strict v_survivor
  from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.survivor_id;
  select c.* into strict v_duplicate
  from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.duplicate_id;
  update crm.contact_merges m set moved = m.moved
    || jsonb_build_object('survivor', to_jsonb(v_survivor),
      'identities', crm_private.merge_contact_identities(p_merge.survivor_id, p_merge.duplicate_id))
    || crm_private.merge_contact_candidates(p_merge.workspace_id, p_merge.survivor_id, p_merge.duplicate_id,
      p_merge.merged_at)
  where m.workspace_id = p_merge.workspace_id and m.id = p_merge.id;
  perform crm_private.merge_contact_fields(v_survivor, v_duplicate);
end;
$$;
comment on function crm_private.reapply_contact_merge(crm.contact_merges) is
  'Applies a merge again that unmerge_contact_rows took back, to the survivor as it is now.

The merge''s row then says what this moved.';

-- sql/300_contact_merge/fn_reject_merge_candidate.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.reject_merge_candidate(p_candidate_id uuid, p_workspace_id uuid default null)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_seen crm.merge_candidates;
  v_candidate crm.merge_candidates;
begin
  select m.workspace_id into v_workspace_id
  from crm.merge_candidates m
  where m.id = p_candidate_id and m.workspace_id = coalesce(p_workspace_id, m.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'agent');

  for v_attempt in 1..5 loop
    begin
      select m.* into v_seen from crm.merge_candidates m
      where m.workspace_id = v_workspace_id and m.id = p_candidate_id;
      -- Lock the contacts first, as a merge does: under these locks it reads which pairs are rejected.
      perform from crm.contacts c
      where c.workspace_id = v_workspace_id and c.id in (v_seen.contact_a_id, v_seen.contact_b_id)
      order by c.id
      for no key update;
      select m.* into v_candidate from crm.merge_candidates m
      where m.workspace_id = v_workspace_id and m.id = p_candidate_id
      for update;
      if row(v_candidate.contact_a_id, v_candidate.contact_b_id)
        is distinct from row(v_seen.contact_a_id, v_seen.contact_b_id) then
        raise exception using errcode = 'serialization_failure', message = 'The candidate has moved meanwhile.';
      end if;
      exit;
    exception when serialization_failure then
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;
  if v_candidate.id is null then
    perform crm_private.raise_not_found('merge_candidate', 'There is no such merge candidate.',
      'A merge of one of the two may have joined it with another: explain_contact lists the candidates of a contact.');
  end if;
  if v_candidate.status = 'merged' then
    raise exception using errcode = 'PT409', message = 'The two are merged.',
      detail = jsonb_build_object('code', 'already_merged')::text,
      hint = 'Undo the merge with unmerge_contacts: that rejects the pair.';
  end if;

  update crm.merge_candidates m set status = 'rejected', decided_at = clock_timestamp()
  where m.workspace_id = v_workspace_id and m.id = p_candidate_id and m.status = 'open';
end;
$$;
comment on function crm.reject_merge_candidate(uuid, uuid) is
  'Decides that the two contacts of a candidate are two people. For agents.

Nothing merges them on its own from then on. Rejecting again changes nothing.

PT401, PT403, PT404 not_found, PT409 already_merged.';

-- sql/300_contact_merge/fn_unmerge_contact_candidates.sql
create function crm_private.unmerge_contact_candidates(
  p_workspace_id uuid,
  p_survivor_id uuid,
  p_duplicate_id uuid,
  p_moved jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_candidate jsonb;
  v_row crm.merge_candidates;
  v_before crm.merge_candidates;
  v_joined crm.merge_candidates;
  v_other uuid;
  v_next uuid;
begin
  perform crm_private.lock_merge_candidates(p_workspace_id, p_survivor_id, p_duplicate_id);
  v_before := jsonb_populate_record(null::crm.merge_candidates, nullif(p_moved -> 'pair', 'null'));
  update crm.merge_candidates m set status = v_before.status, decided_at = v_before.decided_at
  where m.workspace_id = p_workspace_id and m.id = v_before.id;

  for v_candidate in
    select c.candidate from jsonb_array_elements(coalesce(p_moved -> 'candidates', '[]')) c (candidate)
  loop
    v_row := jsonb_populate_record(null::crm.merge_candidates, v_candidate -> 'row');
    if not v_candidate ? 'joined' then
      -- The decision that was made about it since stays.
      update crm.merge_candidates m set
        contact_a_id = least(p_duplicate_id,
          case when m.contact_a_id = p_survivor_id then m.contact_b_id else m.contact_a_id end),
        contact_b_id = greatest(p_duplicate_id,
          case when m.contact_a_id = p_survivor_id then m.contact_b_id else m.contact_a_id end)
      where m.workspace_id = p_workspace_id and m.id = v_row.id and p_survivor_id in (m.contact_a_id, m.contact_b_id);
      continue when found;
    else
      v_before := jsonb_populate_record(null::crm.merge_candidates, v_candidate -> 'joins');
      v_joined := jsonb_populate_record(null::crm.merge_candidates, v_candidate -> 'joined');
      update crm.merge_candidates m
      set status = v_before.status, decided_at = v_before.decided_at, evidence = v_before.evidence
      where m.workspace_id = p_workspace_id and m.id = v_before.id
        and row(m.status, m.decided_at, m.evidence)
          is not distinct from row(v_joined.status, v_joined.decided_at, v_joined.evidence);
    end if;

    -- Follow later merges of the other contact, but not into the survivor or the duplicate itself.
    v_other := case when v_row.contact_a_id = p_duplicate_id then v_row.contact_b_id else v_row.contact_a_id end;
    loop
      select c.merged_into_id into v_next from crm.contacts c where c.workspace_id = p_workspace_id and c.id = v_other;
      exit when v_next is null or v_next in (p_survivor_id, p_duplicate_id);
      v_other := v_next;
    end loop;
    insert into crm.merge_candidates (workspace_id, id, contact_a_id, contact_b_id, status, evidence,
      created_at, decided_at)
    select p_workspace_id, v_row.id, least(p_duplicate_id, c.id), greatest(p_duplicate_id, c.id), v_row.status,
      v_row.evidence, v_row.created_at, v_row.decided_at
    from crm.contacts c
    where c.workspace_id = p_workspace_id and c.id = v_other
    on conflict do nothing;
  end loop;
end;
$$;
comment on function crm_private.unmerge_contact_candidates(uuid, uuid, uuid, jsonb) is
  'Gives the merge candidates that merge_contact_candidates moved back to the duplicate.

The pair''s own row becomes what it was. A decision made since stays. The caller has locked both contacts.';

-- sql/300_contact_merge/fn_unmerge_contact_fields.sql
create function crm_private.unmerge_contact_fields(
  p_survivor crm.contacts,
  p_duplicate crm.contacts,
  p_before crm.contacts
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_now jsonb := to_jsonb(p_survivor);
  v_theirs jsonb := to_jsonb(p_duplicate);
  v_before jsonb := to_jsonb(p_before);
  v_fields text[];
  v_columns jsonb;
  v_custom jsonb;
  v_sources jsonb;
  v_source_updated_at timestamptz := p_survivor.source_updated_at;
  v_is_stub boolean;
  v_restored crm.contacts;
begin
  with fields as (
    select f.field, v_now -> f.field as now, v_theirs -> f.field as theirs, v_before -> f.field as before
    from unnest(crm_private.contact_text_fields() || array['tags', 'source_created_at']) f (field)
    union all
    select 'custom_attributes.' || k.key, p_survivor.custom_attributes -> k.key, p_duplicate.custom_attributes -> k.key,
      p_before.custom_attributes -> k.key
    from jsonb_object_keys(p_duplicate.custom_attributes) k (key)
    union all
    select k.key, case when p_survivor.field_sources ? k.key then to_jsonb(k.key) end, to_jsonb(k.key),
      case when p_before.field_sources ? k.key then to_jsonb(k.key) end
    from jsonb_object_keys(p_duplicate.field_sources) k (key)
    where k.key like 'identification.%'
  ), given as (
    -- Fields that still hold the duplicate's value, and held another one before the merge.
    select f.field, f.before
    from fields f
    where nullif(nullif(f.theirs, 'null'), '[]') is not null
      and f.now = f.theirs
      and p_survivor.field_sources -> f.field = crm_private.field_source(p_duplicate, f.field)
      and row(f.before, p_before.field_sources -> f.field)
        is distinct from row(f.now, p_survivor.field_sources -> f.field)
  )
  select coalesce(array_agg(g.field), '{}'),
    coalesce(jsonb_object_agg(g.field, g.before) filter (where g.field not like 'custom\_attributes.%'), '{}'),
    coalesce(jsonb_object_agg(substr(g.field, length('custom_attributes.') + 1), g.before)
      filter (where g.field like 'custom\_attributes.%' and g.before is not null), '{}'),
    coalesce(jsonb_object_agg(g.field, p_before.field_sources -> g.field)
      filter (where p_before.field_sources ? g.field), '{}')
  into v_fields, v_columns, v_custom, v_sources
  from given g;

  v_sources := p_survivor.field_sources - v_fields || v_sources;
  if v_source_updated_at = p_duplicate.source_updated_at then
    v_source_updated_at := p_before.source_updated_at;
  end if;
  -- The survivor is a stub again unless the Contacts API described it since.
  v_is_stub := p_survivor.needs_full_sync
    or p_before.needs_full_sync and not p_duplicate.needs_full_sync
      and v_source_updated_at is null
      and not exists (select from jsonb_each(v_sources) s where s.value ->> 'source' = 'contacts_api')
      and not exists (
        select from crm.contact_identities i where i.contact_id = p_survivor.id and i.source = 'contacts_api');
  if v_fields = '{}' and v_source_updated_at is not distinct from p_survivor.source_updated_at
    and v_is_stub = p_survivor.needs_full_sync then
    return;
  end if;

  v_restored := jsonb_populate_record(p_survivor, v_columns);
  update crm.contacts c set
    full_name = v_restored.full_name,
    email = v_restored.email,
    phone = v_restored.phone,
    mobile = v_restored.mobile,
    landline = v_restored.landline,
    address = v_restored.address,
    city = v_restored.city,
    country = v_restored.country,
    company = v_restored.company,
    merchant_id = v_restored.merchant_id,
    source_created_at = v_restored.source_created_at,
    tags = v_restored.tags,
    custom_attributes = c.custom_attributes
      - array(
        select substr(f.field, length('custom_attributes.') + 1)
        from unnest(v_fields) f (field) where f.field like 'custom\_attributes.%')
      || v_custom,
    field_sources = v_sources,
    source_updated_at = v_source_updated_at,
    sync_source = case when v_is_stub then 'chat_embedded' else c.sync_source end,
    needs_full_sync = v_is_stub
  where c.workspace_id = p_survivor.workspace_id and c.id = p_survivor.id;
end;
$$;
comment on function crm_private.unmerge_contact_fields(crm.contacts, crm.contacts, crm.contacts) is
  'Brings each field of the survivor that still holds what the duplicate gave it back to what it was.

That covers what the duplicate gave in the merge and since, by value and by who wrote it. What others wrote since stays.
The survivor is under lock and has its own identities again.';

-- sql/300_contact_merge/fn_unmerge_contact_identities.sql
create function crm_private.unmerge_contact_identities(p_survivor_id uuid, p_duplicate_id uuid, p_moved jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.contact_identities i set
    contact_id = p_duplicate_id,
    is_previous = i.is_previous and m.was_current is null
  from jsonb_to_recordset(p_moved) m (kind text, scope text, value text, was_current boolean)
  where i.contact_id = p_survivor_id and i.kind = m.kind and i.scope = m.scope and i.value = m.value;
end;
$$;
comment on function crm_private.unmerge_contact_identities(uuid, uuid, jsonb) is
  'Gives the identities that merge_contact_identities moved back to the duplicate.

The caller has locked both contacts.';

-- sql/300_contact_merge/fn_unmerge_contact_rows.sql
create function crm_private.unmerge_contact_rows(p_merge crm.contact_merges)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
  v_duplicate crm.contacts;
  v_before crm.contacts := jsonb_populate_record(null::crm.contacts, p_merge.moved -> 'survivor');
begin
  perform crm_private.unmerge_contact_identities(p_merge.survivor_id, p_merge.duplicate_id,
    p_merge.moved -> 'identities');
  perform crm_private.unmerge_contact_candidates(p_merge.workspace_id, p_merge.survivor_id, p_merge.duplicate_id,
    p_merge.moved);
  select c.* into strict v_survivor
  from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.survivor_id;
  -- A returned identification keeps the time at which a delivery named it last, also one that named both contacts.
  update crm.contacts c set field_sources = c.field_sources || n.named
  from (
    select jsonb_object_agg(s.key, s.value) as named
    from jsonb_each(v_survivor.field_sources) s
    join crm.contact_identities i on i.contact_id = p_merge.duplicate_id and i.kind = 'identification'
      and s.key = 'identification.' || i.value
    where v_before.field_sources -> s.key is distinct from s.value
  ) n
  where c.workspace_id = p_merge.workspace_id and c.id = p_merge.duplicate_id and not c.field_sources @> n.named;
  -- Read the duplicate as it is now: tell_duplicates has applied the deliveries that named it.
  select c.* into strict v_duplicate
  from crm.contacts c where c.workspace_id = p_merge.workspace_id and c.id = p_merge.duplicate_id;
  perform crm_private.unmerge_contact_fields(v_survivor, v_duplicate, v_before);
end;
$$;
comment on function crm_private.unmerge_contact_rows(crm.contact_merges) is
  'Takes back what a merge did to identities, merge candidates and the survivor''s fields.

The caller takes back the last merge of a survivor first, because an earlier one lies below it. The caller has locked
both contacts.';

-- sql/300_contact_merge/fn_unmerge_contacts.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.unmerge_contacts(p_merge_id uuid, p_workspace_id uuid default null)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_merge crm.contact_merges;
  v_last crm.contact_merges;
  v_later crm.contact_merges[];
  v_domain text;
begin
  select m.workspace_id, m.survivor_id, m.duplicate_id into v_workspace_id, v_merge.survivor_id, v_merge.duplicate_id
  from crm.contact_merges m
  where m.id = p_merge_id and m.workspace_id = coalesce(p_workspace_id, m.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'agent');
  if v_workspace_id is null then
    perform crm_private.raise_not_found('merge', 'There is no such merge.',
      'explain_contact lists the merges of a contact.');
  end if;

  -- Lock the survivor first, then the duplicate: the order of a delivery that writes to both.
  perform from crm.contacts c where c.workspace_id = v_workspace_id and c.id = v_merge.survivor_id for no key update;
  perform from crm.contacts c where c.workspace_id = v_workspace_id and c.id = v_merge.duplicate_id for no key update;
  select m.* into v_merge from crm.contact_merges m where m.workspace_id = v_workspace_id and m.id = p_merge_id;
  if v_merge.undone_at is not null then
    raise exception using errcode = 'PT409', message = 'The merge was undone already.',
      detail = jsonb_build_object('code', 'already_undone', 'undone_at', v_merge.undone_at)::text,
      hint = 'Nothing is left to do.';
  end if;

  -- A survivor that was merged away itself no longer has what moved: the last merge of the chain is undone first.
  v_last := v_merge;
  loop
    select m.* into v_last from crm.contact_merges m
    where m.workspace_id = v_workspace_id and m.duplicate_id = v_last.survivor_id and m.undone_at is null;
    exit when not found;
    v_later := array[v_last];
  end loop;
  if v_later is not null then
    raise exception using errcode = 'PT409', message = 'The contact was merged into another one since.',
      detail = jsonb_build_object('code', 'merged_again', 'merge_id', (v_later[1]).id)::text,
      hint = format('Undo merge %s first.', (v_later[1]).id);
  end if;

  -- Take back the later merges into the same survivor first, and apply them again at the end.
  v_later := array(
    select m from crm.contact_merges m
    where m.survivor_id = v_merge.survivor_id and m.undone_at is null
      and row(m.merged_at, m.id) > row(v_merge.merged_at, v_merge.id)
    order by m.merged_at, m.id);
  for v_place in reverse cardinality(v_later)..1 loop
    perform crm_private.unmerge_contact_rows(v_later[v_place]);
  end loop;
  perform crm_private.unmerge_contact_rows(v_merge);
  insert into crm.merge_candidates as c (workspace_id, contact_a_id, contact_b_id, status, evidence, decided_at)
  values (v_workspace_id, least(v_merge.survivor_id, v_merge.duplicate_id),
    greatest(v_merge.survivor_id, v_merge.duplicate_id),
    'rejected', jsonb_build_object('undone_merge', v_merge.id), clock_timestamp())
  on conflict (workspace_id, contact_a_id, contact_b_id) do update
  set status = 'rejected', decided_at = excluded.decided_at;
  for v_place in 1..cardinality(v_later) loop
    perform crm_private.reapply_contact_merge(v_later[v_place]);
  end loop;

  foreach v_domain in array crm_private.contact_domains() loop
    execute format('select crm_private.%I($1)', 'return_' || v_domain) using v_merge;
  end loop;
  update crm.contacts c set merged_into_id = null
  where c.workspace_id = v_workspace_id and c.id = v_merge.duplicate_id;
  perform crm_private.note_identity_fields(v_workspace_id, array[v_merge.survivor_id, v_merge.duplicate_id]);
  update crm.contact_merges m set undone_at = clock_timestamp()
  where m.workspace_id = v_workspace_id and m.id = v_merge.id;
end;
$$;
comment on function crm.unmerge_contacts(uuid, uuid) is
  'Undoes a merge: what moved returns to the duplicate, and the two stay apart from then on. For agents.

The duplicate also gets the conversations opened since under its identities, and what deliveries wrote that named it
alone. A field that still holds what the duplicate gave it becomes what it was. What another newer delivery wrote stays.
The pair becomes a rejected candidate. A conversation that a delivery made of one of each stays whole with its first
owner; the other contact continues in a new one.

PT401, PT403, PT404 not_found, PT409 already_undone, PT409 merged_again (undo merge_id in detail first).';

-- sql/300_contact_merge/trg_contact_merges_move_references.sql
create function crm_private.move_references()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.contacts;
  v_duplicate crm.contacts;
  v_domain text;
  v_moved jsonb;
begin
  select c.* into strict v_survivor
  from crm.contacts c where c.workspace_id = new.workspace_id and c.id = new.survivor_id;
  select c.* into strict v_duplicate
  from crm.contacts c where c.workspace_id = new.workspace_id and c.id = new.duplicate_id;

  new.moved := jsonb_build_object('survivor', to_jsonb(v_survivor), 'duplicate', to_jsonb(v_duplicate))
    || jsonb_build_object('identities', crm_private.merge_contact_identities(new.survivor_id, new.duplicate_id))
    || crm_private.merge_contact_candidates(new.workspace_id, new.survivor_id, new.duplicate_id, new.merged_at);
  foreach v_domain in array crm_private.contact_domains() loop
    execute format('select crm_private.%I($1)', 'move_' || v_domain) into v_moved using new;
    new.moved := new.moved || jsonb_build_object(v_domain, v_moved);
  end loop;
  perform crm_private.merge_contact_fields(v_survivor, v_duplicate);
  perform crm_private.note_identity_fields(new.workspace_id, array[new.survivor_id]);
  return new;
end;
$$;
comment on function crm_private.move_references() is
  'Trigger: a new row of contact_merges moves what references the duplicate to the survivor and joins their fields.

The column moved says what it was. History stays in place: earlier merges, merged_into_id, candidates that are merged.
The caller has locked both contacts.';

create trigger move_references before insert on crm.contact_merges
for each row execute function crm_private.move_references();

-- sql/310_reconcile/fn_attach_stranded_events.sql
create function crm_private.attach_stranded_events(
  p_workspace_id uuid,
  p_after_at timestamptz,
  p_after_id uuid,
  p_limit int,
  out examined int,
  out attached int,
  out last_at timestamptz,
  out last_id uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_events crm.contact_interaction_events[];
  v_account crm.channel_accounts;
  v_keys text[];
  v_conversations uuid[];
  v_messages uuid[];
begin
  v_events := array(
    select e
    from crm.contact_interaction_events e
    where e.workspace_id = p_workspace_id and e.message_id is null and e.provider_message_id is not null
      and e.event_type <> 'message'
      and row(e.created_at, e.id) > row(p_after_at, p_after_id)
    order by e.created_at, e.id
    limit p_limit);
  examined := cardinality(v_events);
  last_at := (v_events[examined]).created_at;
  last_id := (v_events[examined]).id;
  attached := 0;

  for v_account in
    select a.*
    from crm.channel_accounts a
    where a.workspace_id = p_workspace_id and a.id in (select e.channel_account_id from unnest(v_events) e)
    order by a.id
  loop
    select array_agg(distinct 'message:' || e.provider_message_id),
      array_agg(distinct w.conversation_id order by w.conversation_id)
    into v_keys, v_conversations
    from unnest(v_events) e
    cross join lateral (
      select x.id
      from crm.messages x
      where x.workspace_id = p_workspace_id and x.channel_account_id = v_account.id
        and x.provider_message_id = e.provider_message_id
      offset 0
    ) m
    cross join lateral (
      select x.conversation_id
      from crm.contact_interaction_events x
      where x.provider_message_id = e.provider_message_id and x.message_id is null
        and x.workspace_id is not distinct from p_workspace_id
        and x.channel_account_id is not distinct from v_account.id
      offset 0
    ) w
    where e.channel_account_id = v_account.id;
    continue when v_keys is null;

    perform l.id
    from unnest(v_conversations) with ordinality i (id, place)
    cross join lateral (
      select v.id from crm.conversations v where v.workspace_id = p_workspace_id and v.id = i.id
      for no key update
    ) l;
    v_messages := crm_private.attach_early_events(v_account, v_keys);
    if cardinality(v_messages) > 0 then
      perform crm_private.refresh_pending_effects(v_account, v_conversations);
      perform crm_private.apply_message_effects(v_account, v_messages);
      attached := attached + cardinality(v_messages);
    end if;
  end loop;
end;
$$;
comment on function crm_private.attach_stranded_events(uuid, timestamptz, uuid, int) is
  'Ties events to messages that they missed, among the next p_limit events that wait for their message.

An event and its message miss each other when both arrive at the same moment through two conversations. It looks at
events that arrived after the place given. attached: how many messages had any. last_at, last_id: where the next call
resumes.';

-- sql/310_reconcile/fn_backfill_phones.sql
create function crm.backfill_phones(p_workspace_id uuid, p_dry_run boolean default true, p_limit int default 500)
returns table (scanned int, normalized int, merged int, candidates int, remaining int)
language plpgsql
set search_path = ''
set enable_seqscan = off
set statement_timeout = '60s'
as $$
#variable_conflict use_column
declare
  v_resource text := 'backfill:phones';
  v_after uuid;
  v_last uuid;
begin
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;
  if p_limit is null or p_limit not between 1 and 2000 then
    perform crm_private.reject_input('p_limit', 'A call takes 1 to 2,000 contacts.');
  end if;

  select (s.cursor ->> 'after')::uuid into v_after
  from crm.sync_state s where s.workspace_id = p_workspace_id and s.resource = v_resource for update;
  for v_attempt in 1..5 loop
    begin
      select b.* into scanned, normalized, merged, candidates, v_last
      from crm_private.backfill_phones_of(p_workspace_id,
        coalesce(v_after, '00000000-0000-0000-0000-000000000000'), p_limit) b;
      remaining := case when v_last is null then 0 else (
        select count(*)
        from crm.contacts c
        where c.workspace_id = p_workspace_id and c.id > v_last and (c.mobile is not null or c.phone is not null)
          and c.merged_into_id is null
      ) end;
      if coalesce(p_dry_run, true) then
        -- A dry run does the work and rolls it back: so it reports exactly what a run would do.
        raise exception using errcode = 'OF001';
      end if;
      exit;
    exception
      when sqlstate 'OF001' then
        exit;
      when serialization_failure then
        -- Another transaction merged a contact away: release the locks and read again.
        if v_attempt = 5 then
          raise;
        end if;
    end;
  end loop;

  if not coalesce(p_dry_run, true) then
    -- After the last contact the next call starts over, and finds what was written since.
    insert into crm.sync_state (resource, workspace_id, cursor)
    values (v_resource, p_workspace_id, jsonb_build_object('after', case when remaining > 0 then v_last end))
    on conflict (workspace_id, resource) do update set cursor = excluded.cursor, updated_at = clock_timestamp();
  end if;
  return next;
end;
$$;
comment on function crm.backfill_phones(uuid, boolean, int) is
  'Brings the next p_limit contacts (1 to 2,000) that have a phone to what normalize_phone says now.

It changes phone_normalized and the phone identity. Stubs that turn out to share a number are merged; full contacts
become merge candidates. Repeat it until remaining is 0; the next call starts over. A dry run (the default) reports what
the next call would do and changes nothing.
Of the p_limit contacts: scanned, normalized (phone_normalized changed), merged (contacts merged away), candidates (new
ones).

PT400 invalid_input, PT404 not_found.';

-- sql/310_reconcile/fn_backfill_phones_of.sql
create function crm_private.backfill_phones_of(
  p_workspace_id uuid,
  p_after uuid,
  p_limit int,
  out scanned int,
  out normalized int,
  out merged int,
  out candidates int,
  out last_id uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_country text := (select w.default_country from crm.workspaces w where w.id = p_workspace_id);
  v_phones crm_private.item_identity[];
  v_ids uuid[];
  v_pair record;
begin
  select array_agg(c.id order by c.id),
    coalesce(array_agg(row(c.place, 'phone', '', c.phone,
        array_position(crm_private.kind_names(), 'phone'), false, false)::crm_private.item_identity
      order by c.phone collate "C", c.id) filter (where c.phone is not null and not c.is_blocked), '{}')
  into v_ids, v_phones
  from (
    select b.id, b.place, n.phone, exists (
        select from crm.blocked_identity_values x
        where x.kind in ('*', 'phone') and (x.workspace_id is null or x.workspace_id = p_workspace_id)
          and n.phone ~* ('^(?:' || x.pattern || ')$')
      ) as is_blocked
    from (
      select c.id, coalesce(nullif(btrim(c.mobile), ''), c.phone) as given,
        (row_number() over (order by c.id))::int as place
      from crm.contacts c
      where c.workspace_id = p_workspace_id and c.id > p_after and (c.mobile is not null or c.phone is not null)
        and c.merged_into_id is null
      order by c.id
      limit p_limit
    ) b
    cross join lateral (select crm_private.canonical_identity_value('phone', b.given, v_country) as phone offset 0) n
  ) c;
  scanned := coalesce(cardinality(v_ids), 0);
  last_id := v_ids[scanned];
  merged := 0;
  candidates := 0;

  -- Claim identities before locking contacts (ADR 4).
  perform crm_private.lock_phone_variants(p_workspace_id,
    v_phones || array(
      select row(d.ordinal, d.kind, d.scope, v.value, d.strength, false, true)::crm_private.item_identity
      from unnest(v_phones) d cross join lateral unnest(crm_private.phone_variants(d.value)) v (value)),
    v_phones);
  insert into crm.contact_identities (workspace_id, kind, scope, value, contact_id, source, rule, delivery)
  select distinct on (d.value) p_workspace_id, 'phone', '', d.value, c.id, c.sync_source, 'backfill', 'backfill_phones'
  from unnest(v_phones) d
  join crm.contacts c on c.workspace_id = p_workspace_id and c.id = v_ids[d.ordinal]
  order by d.value, c.needs_full_sync, c.created_at, c.id
  on conflict (workspace_id, kind, scope, value) do nothing;

  -- Lock the contacts of this call and those they may be merged with, in id order.
  perform l.id
  from (
    select i.id from unnest(v_ids) i (id)
    union
    select x.contact_id
    from unnest(v_phones) d
    cross join lateral unnest(d.value || crm_private.phone_variants(d.value)) p (value)
    cross join lateral (
      select o.contact_id from crm.contact_identities o
      where o.workspace_id = p_workspace_id and o.kind = 'phone' and o.scope = '' and o.value = p.value offset 0
    ) x
    order by 1
  ) i
  cross join lateral (
    select c.id from crm.contacts c where c.workspace_id = p_workspace_id and c.id = i.id
    for no key update
  ) l;

  if exists (
    select from unnest(v_ids || array(
      select o.contact_id from unnest(v_phones) d cross join lateral (
        select x.contact_id from crm.contact_identities x
        where x.workspace_id = p_workspace_id and x.kind = 'phone' and x.scope = ''
          and x.value = d.value offset 0) o)) i (id)
    left join lateral (
      select true as is_there from crm.contacts c
      where c.workspace_id = p_workspace_id and c.id = i.id and c.merged_into_id is null offset 0
    ) c on true
    where c.is_there is null) then
    raise exception using errcode = 'serialization_failure', message = 'A contact was merged away meanwhile.';
  end if;

  -- Touching the column is enough: its trigger computes the value.
  with changed as (
    update crm.contacts c set phone_normalized = n.phone
    from unnest(v_ids) with ordinality i (id, place)
    cross join lateral (
      select crm.normalize_phone(coalesce(x.mobile, x.phone), v_country) as phone
      from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.id offset 0
    ) n
    where c.workspace_id = p_workspace_id and c.id = i.id and c.phone_normalized is distinct from n.phone
    returning c.id
  )
  select count(*) into normalized from changed;

  for v_pair in
    select v_ids[d.ordinal] as id, o.contact_id as other_id, o.value
    from unnest(v_phones) d
    cross join lateral unnest(d.value || crm_private.phone_variants(d.value)) p (value)
    cross join lateral (
      select x.contact_id, x.value
      from crm.contact_identities x
      where x.workspace_id = p_workspace_id and x.kind = 'phone' and x.scope = '' and x.value = p.value
      offset 0
    ) o
    where o.contact_id <> v_ids[d.ordinal]
    order by 1, 2
  loop
    case crm_private.merge_or_propose(p_workspace_id, v_pair.id, v_pair.other_id, 'same phone number',
        jsonb_build_object('identities',
          jsonb_build_array(jsonb_build_object('kind', 'phone', 'scope', '', 'value', v_pair.value))))
      when 'merged' then merged := merged + 1;
      when 'candidate' then candidates := candidates + 1;
      else null;
    end case;
  end loop;
end;
$$;
comment on function crm_private.backfill_phones_of(uuid, uuid, int) is
  'The work of one call of backfill_phones: the p_limit contacts with a phone after p_after, in id order.

last_id is the last of them.';

-- sql/310_reconcile/fn_claim_dead_letters.sql
create function crm_private.claim_dead_letters(p_account crm.channel_accounts, p_tried boolean, p_limit int)
returns crm.dead_letters[]
language plpgsql
set search_path = ''
-- A custom plan: each value of p_tried is one range of the index.
set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    with claimed as materialized (
      select d.*
      from crm.dead_letters d
      where d.channel = p_account.channel and d.account_external_id = p_account.external_id
        and (d.workspace_id = p_account.workspace_id or d.workspace_id is null)
        and d.status = 'open' and (d.is_item or d.tried_at is null)
        and (p_tried and d.tried_at > '-infinity' or not p_tried and d.tried_at is null)
      order by d.tried_at nulls first, d.created_at
      limit p_limit
      for update skip locked
    ), counted as (
      select c.id, sum(crm_private.event_count(c.item)) over w as events, row_number() over w as place
      from claimed c
      window w as (order by c.tried_at nulls first, c.created_at, c.id)
    )
    select coalesce(array_agg(c::crm.dead_letters order by n.place), '{}')
    from counted n
    join claimed c on c.id = n.id
    where n.place = 1 or n.events <= 2000
  );
end;
$$;
comment on function crm_private.claim_dead_letters(crm.channel_accounts, boolean, int) is
  'Locks up to p_limit open dead letters of the account that a replay may store, with up to 2,000 events.

Those from before the account was connected are included. p_tried false: those never tried. p_tried true: the others,
those tried longest ago first. It skips what another replay holds.';

-- sql/310_reconcile/fn_link_orphans.sql
create function crm_private.link_orphans(
  p_workspace_id uuid,
  p_after uuid,
  p_limit int,
  out examined int,
  out linked int,
  out last_id uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_orphans crm.conversations[];
  v_account crm.channel_accounts;
  v_items record;
begin
  v_orphans := array(
    select v
    from crm.conversations v
    where v.workspace_id = p_workspace_id and v.contact_id is null and v.id > p_after
    order by v.id
    limit p_limit);
  examined := cardinality(v_orphans);
  last_id := (v_orphans[examined]).id;
  linked := 0;

  for v_account in
    select a.*
    from crm.channel_accounts a
    where a.workspace_id = p_workspace_id and a.id in (select o.channel_account_id from unnest(v_orphans) o)
    order by a.id
  loop
    select o.* into v_items
    from crm_private.orphan_items(v_account, array(
      select o.id from unnest(v_orphans) o where o.channel_account_id = v_account.id order by o.id)) o;
    if v_items.items is not null then
      linked := linked + (
        select count(distinct (v_items.conversation_ids)[r.ordinal])
        from crm_private.ingest_items_isolated(v_account, v_items.items, clock_timestamp()) r
        where r.contact_id is not null);
    end if;
  end loop;
end;
$$;
comment on function crm_private.link_orphans(uuid, uuid, int) is
  'Links the next p_limit conversations after p_after that have no contact, where their participant can be found.

It delivers each participant again, without events: the rules and locks of any delivery decide. linked: how many have a
contact now. last_id: where the next call resumes.';

-- sql/310_reconcile/fn_orphan_items.sql
create function crm_private.orphan_items(
  p_account crm.channel_accounts,
  p_conversation_ids uuid[],
  out items jsonb,
  out conversation_ids uuid[]
)
language plpgsql
stable
set search_path = ''
as $$
declare
  v_kinds text[] := '{}'::text[];
  v_known_kinds text[];
  v_known_scopes text[];
  v_parsed crm_private.inbound_item[];
  v_identities crm_private.item_identity[];
  v_keys crm_private.item_key[];
begin
  -- A key names no scope: that of a page follows from the account; that of a business from its setting, or it is where
  -- the id is known.
  if crm_private.business_scope(p_account) is null then
    v_kinds := array(
      select k from unnest(crm_private.kind_names()) k
      where crm_private.kind_scopes() ->> k = 'business' and crm_private.kind_channels() ->> k = p_account.channel);
    select array_agg(k), array_agg(s) into v_known_kinds, v_known_scopes
    from unnest(v_kinds) k cross join lateral crm_private.identity_scopes(p_account.workspace_id, k) s;
  end if;

  select jsonb_agg(
      jsonb_strip_nulls(jsonb_build_object('thread_id', k.thread_id, 'updated_at', v.metadata -> 'participant_at'))
      || jsonb_build_object('events', '[]'::jsonb, 'participant',
        p.participant || jsonb_build_object('identities', p.identities || coalesce(k.identities, '[]')))
      order by c.place),
    array_agg(c.id order by c.place)
  into items, conversation_ids
  from unnest(p_conversation_ids) with ordinality c (id, place)
  cross join lateral (
    select x.metadata from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = c.id offset 0
  ) v
  cross join lateral (
    select coalesce(v.metadata -> 'participant', '{}') as participant,
      case
        when jsonb_typeof(v.metadata #> '{participant,identities}') = 'array'
          then v.metadata #> '{participant,identities}'
        else '[]'
      end as identities
  ) p
  cross join lateral (
    select min(x.value) filter (where x.kind = 'thread') as thread_id,
      jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', i.kind, 'scope', s.scope, 'value', i.value))
        order by x.value, s.scope)
        filter (where x.kind = 'participant' and (s.scope is not null or i.kind <> all (v_kinds))) as identities
    from crm.conversation_keys x
    cross join lateral (
      select split_part(x.value, ':', 1) as kind, substr(x.value, strpos(x.value, ':') + 1) as value
    ) i
    left join lateral (
      select o.scope
      from unnest(v_known_kinds, v_known_scopes) b (kind, scope)
      cross join lateral (
        select n.scope
        from crm.contact_identities n
        where n.workspace_id = p_account.workspace_id and n.kind = b.kind and n.scope = b.scope and n.value = i.value
        offset 0
      ) o
      where b.kind = i.kind
    ) s on true
    where x.conversation_id = c.id and x.workspace_id = p_account.workspace_id
      and (x.kind = 'thread' or not exists (
        select from jsonb_array_elements(p.identities) g
        where g ->> 'kind' = i.kind and btrim(g ->> 'value') = i.value))
  ) k;
  if items is null then
    return;
  end if;

  -- Leave out items without a usable identity, and items whose keys do not lead back to the conversation.
  v_parsed := crm_private.parse_items(p_account, items, '{}');
  v_identities := crm_private.item_identities(p_account, v_parsed);
  v_keys := crm_private.item_keys(p_account, v_parsed, v_identities);
  -- Sets of ordinals instead of joins: a generic plan would compare every item with every other.
  select jsonb_agg(items -> (u.ordinal - 1) order by u.ordinal),
    array_agg(conversation_ids[u.ordinal] order by u.ordinal)
  into items, conversation_ids
  from (
    select d.ordinal from unnest(v_identities) d where not d.is_previous
    intersect
    select k.ordinal
    from unnest(v_keys) k
    cross join lateral (
      select x.conversation_id
      from crm.conversation_keys x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = k.kind
        and x.value = k.value
      offset 0
    ) x
    where x.conversation_id = conversation_ids[k.ordinal]
  ) u
  where (v_parsed[u.ordinal]).problem is null;
end;
$$;
comment on function crm_private.orphan_items(crm.channel_accounts, uuid[]) is
  'Items without events that deliver the participants of the account''s conversations again.

A participant is as kept, or else as the conversation''s keys name it. Beside the items: the conversations they are of,
in the same order. Only those that can be linked now. Both are null when there is none.';

-- sql/310_reconcile/fn_recheck_merge_candidates.sql
create function crm_private.recheck_merge_candidates(
  p_workspace_id uuid,
  p_after uuid,
  p_limit int,
  out examined int,
  out merged int,
  out last_id uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_batch uuid[];
  v_pair record;
  v_outcome text;
begin
  v_batch := array(
    select m.id
    from crm.merge_candidates m
    where m.workspace_id = p_workspace_id and m.status = 'open' and m.id > p_after
    order by m.id
    limit p_limit);
  examined := cardinality(v_batch);
  last_id := v_batch[examined];

  for v_attempt in 1..5 loop
    merged := 0;
    begin
      -- Lock all contacts of this call in id order before the first pair is merged.
      perform l.id
      from (
        select distinct c.id
        from unnest(v_batch) b (id)
        cross join lateral (
          select x.* from crm.merge_candidates x
          where x.workspace_id = p_workspace_id and x.id = b.id and x.status = 'open' offset 0
        ) m
        cross join lateral (values (m.contact_a_id), (m.contact_b_id)) p (id)
        cross join lateral (select crm_private.surviving_contact(p_workspace_id, p.id) as id) c
        where exists (
          select from crm.contacts x
          where x.workspace_id = p_workspace_id and x.id in (m.contact_a_id, m.contact_b_id)
            and (x.needs_full_sync or x.merged_into_id is not null))
        order by c.id
      ) i
      cross join lateral (
        select x.id from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.id
        for no key update
      ) l;

      for v_pair in
        select m.id, m.contact_a_id, m.contact_b_id, m.evidence, s.is_history
        from unnest(v_batch) b (id)
        cross join lateral (
          select x.* from crm.merge_candidates x
          where x.workspace_id = p_workspace_id and x.id = b.id and x.status = 'open' offset 0
        ) m
        cross join lateral (
          select bool_or(c.merged_into_id is not null) as is_history, bool_or(c.needs_full_sync) as has_stub
          from crm.contacts c
          where c.workspace_id = p_workspace_id and c.id in (m.contact_a_id, m.contact_b_id)
        ) s
        where s.is_history or (
          s.has_stub and not crm_private.contacts_are_kept_apart(p_workspace_id, m.contact_a_id, m.contact_b_id))
        order by m.id
      loop
        v_outcome := crm_private.merge_or_propose(p_workspace_id, v_pair.contact_a_id, v_pair.contact_b_id,
          'reconciled', v_pair.evidence);
        if v_outcome = 'merged' then
          merged := merged + 1;
        end if;
        if v_outcome = 'same' or v_pair.is_history then
          -- The candidate of the two survivors replaces this one.
          update crm.merge_candidates m set status = 'merged', decided_at = clock_timestamp()
          where m.workspace_id = p_workspace_id and m.id = v_pair.id and m.status = 'open';
        end if;
      end loop;
      return;
    exception when serialization_failure then
      -- Another transaction merged a contact away: release the locks and read again.
      if v_attempt = 5 then
        raise;
      end if;
    end;
  end loop;
end;
$$;
comment on function crm_private.recheck_merge_candidates(uuid, uuid, int) is
  'Looks at the next p_limit open merge candidates after p_after.

It merges a pair with a stub that nothing keeps apart any more, and closes one whose contacts were merged meanwhile.
merged: how many contacts were merged away. last_id: where the next call resumes.';

-- sql/310_reconcile/fn_reconcile_contacts.sql
create function crm.reconcile_contacts(
  p_workspace_id uuid default null,
  p_stale_after interval default '7 days',
  p_limit int default 500
)
returns table (
  orphaned_conversations_fixed int,
  stubs_merged int,
  stale_stubs_found int,
  merge_candidates_found int,
  has_more boolean
)
language plpgsql
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_first constant uuid := '00000000-0000-0000-0000-000000000000'::uuid;
  v_last constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid;
  v_from uuid := p_workspace_id;
  v_workspace_id uuid;
  v_left int := p_limit;
  v_did record;
begin
  if p_limit is null or p_limit not between 1 and 2000 then
    perform crm_private.reject_input('p_limit', 'A call takes 1 to 2,000 rows.');
  end if;
  if p_stale_after is null or p_stale_after < interval '0' or p_stale_after > interval '100 years' then
    perform crm_private.reject_input('p_stale_after', 'An age is 0 to 100 years.');
  end if;
  if p_workspace_id is not null and not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;

  orphaned_conversations_fixed := 0;
  stubs_merged := 0;
  has_more := false;
  if p_workspace_id is null then
    -- A round over all workspaces resumes where the last call stopped: a large workspace does not hold up the others.
    perform pg_advisory_xact_lock(hashtextextended('reconcile', 0));
    select s.workspace_id into v_from from crm.sync_state s where s.resource = 'reconcile:all';
  end if;

  for v_workspace_id in
    select w.id
    from crm.workspaces w
    where w.id between coalesce(v_from, v_first) and coalesce(p_workspace_id, v_last)
      -- In a round, only workspaces with something to look at: one index probe each.
      and (p_workspace_id is not null or coalesce(
        (select true from crm.conversations v where v.workspace_id = w.id and v.contact_id is null limit 1),
        (select true from crm.merge_candidates m where m.workspace_id = w.id and m.status = 'open' limit 1),
        (select true from crm.contact_interaction_events e
          where e.workspace_id = w.id and e.message_id is null and e.provider_message_id is not null
            and e.event_type <> 'message' limit 1),
        false))
    order by w.id
  loop
    if v_left = 0 then
      has_more := true;
    else
      select d.* into v_did from crm_private.reconcile_workspace(v_workspace_id, v_left) d;
      v_left := v_left - v_did.examined;
      orphaned_conversations_fixed := orphaned_conversations_fixed + v_did.linked;
      stubs_merged := stubs_merged + v_did.merged;
      has_more := not v_did.is_done;
    end if;
    exit when has_more;
  end loop;

  if p_workspace_id is null then
    delete from crm.sync_state s
    where s.resource = 'reconcile:all' and (not has_more or s.workspace_id <> v_workspace_id);
    if has_more then
      insert into crm.sync_state (workspace_id, resource) values (v_workspace_id, 'reconcile:all')
      on conflict (workspace_id, resource) do nothing;
    end if;
  end if;

  -- Written twice: one plan for both cases would read the rows of every workspace.
  if p_workspace_id is null then
    stale_stubs_found := (
      select count(*) from crm.contacts c
      where c.needs_full_sync and c.merged_into_id is null and c.created_at < now() - p_stale_after);
    merge_candidates_found := (select count(*) from crm.merge_candidates m where m.status = 'open');
  else
    stale_stubs_found := (
      select count(*) from crm.contacts c
      where c.workspace_id = p_workspace_id and c.needs_full_sync and c.merged_into_id is null
        and c.created_at < now() - p_stale_after);
    merge_candidates_found := (
      select count(*) from crm.merge_candidates m where m.workspace_id = p_workspace_id and m.status = 'open');
  end if;
  return next;
end;
$$;
comment on function crm.reconcile_contacts(uuid, interval, int) is
  'Repairs what deliveries left behind, over p_limit (1 to 2,000) rows. Repeat it until has_more is false.

It links conversations without a contact whose participant can now be found or created, merges stubs that nothing keeps
apart any more, and ties events to messages they missed. Each call resumes where the last one stopped. Without
p_workspace_id it covers all workspaces.
stale_stubs_found: stubs created longer ago than p_stale_after. merge_candidates_found: the open ones. Both are counts
of now, after this call.

PT400 invalid_input, PT404 not_found.';

-- sql/310_reconcile/fn_reconcile_workspace.sql
create function crm_private.reconcile_workspace(
  p_workspace_id uuid,
  p_limit int,
  out examined int,
  out linked int,
  out merged int,
  out is_done boolean
)
language plpgsql
set search_path = ''
as $$
declare
  v_first constant uuid := '00000000-0000-0000-0000-000000000000'::uuid;
  -- Longer than any delivery takes: the next pass looks again at events that were not yet committed in this one.
  v_overlap constant interval := '1 hour'::interval;
  v_steps constant text[] := array['orphans', 'candidates', 'events'];
  v_state record;
  v_step text;
  v_after uuid;
  v_after_at timestamptz;
  v_watermark timestamptz;
  v_cursor jsonb := '{}'::jsonb;
  v_did record;
begin
  -- One call at a time in a workspace: each reads the cursor that the last one left.
  perform pg_advisory_xact_lock(hashtextextended('reconcile:' || p_workspace_id, 0));
  select s.* into v_state from crm.sync_state s where s.workspace_id = p_workspace_id and s.resource = 'reconcile';
  v_step := coalesce(v_state.cursor ->> 'step', v_steps[1]);
  v_after := coalesce((v_state.cursor ->> 'after')::uuid, v_first);
  v_watermark := v_state.high_watermark;
  v_after_at := coalesce((v_state.cursor ->> 'after_at')::timestamptz, v_watermark - v_overlap, '-infinity');
  examined := 0;
  linked := 0;
  merged := 0;

  loop
    if v_step = 'orphans' then
      select d.examined, d.last_id, d.linked into v_did
      from crm_private.link_orphans(p_workspace_id, v_after, p_limit - examined) d;
      linked := linked + v_did.linked;
    elsif v_step = 'candidates' then
      select d.examined, d.last_id, d.merged into v_did
      from crm_private.recheck_merge_candidates(p_workspace_id, v_after, p_limit - examined) d;
      merged := merged + v_did.merged;
    else
      select d.examined, d.last_id, d.last_at into v_did
      from crm_private.attach_stranded_events(p_workspace_id, v_after_at, v_after, p_limit - examined) d;
      v_after_at := coalesce(v_did.last_at, v_after_at);
      v_watermark := greatest(v_watermark, v_did.last_at);
    end if;
    examined := examined + v_did.examined;
    v_after := coalesce(v_did.last_id, v_after);

    if examined = p_limit then
      is_done := false;
      v_cursor := jsonb_build_object('step', v_step, 'after', v_after)
        || case when v_step = 'events' then jsonb_build_object('after_at', v_after_at) else '{}' end;
      exit;
    end if;
    v_step := v_steps[array_position(v_steps, v_step) + 1];
    is_done := v_step is null;
    exit when is_done;
    v_after := v_first;
  end loop;

  if row(v_cursor, v_watermark) is distinct from row(coalesce(v_state.cursor, '{}'), v_state.high_watermark) then
    insert into crm.sync_state (workspace_id, resource, cursor, high_watermark)
    values (p_workspace_id, 'reconcile', v_cursor, v_watermark)
    on conflict (workspace_id, resource) do update
    set cursor = excluded.cursor, high_watermark = excluded.high_watermark,
      updated_at = clock_timestamp();
  end if;
end;
$$;
comment on function crm_private.reconcile_workspace(uuid, int) is
  'Resumes the workspace''s pass of reconciliation over at most p_limit rows, and keeps where it stopped.

A pass looks at orphans, then merge candidates, then events that wait. sync_state keeps its place under the resource
''reconcile''. is_done: the pass is complete, and the next call begins a new one. The watermark says up to when waiting
events were looked at: a message that arrives later finds them itself.';

-- sql/310_reconcile/fn_record_replay_outcomes.sql
create function crm_private.record_replay_outcomes(p_letters crm.dead_letters[], p_errors jsonb[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Give a letter from before the account was connected to its workspace, unless that has the same item already.
  with moved as (
    delete from crm.dead_letters d
    using crm.channel_accounts a
    where d.id = any (array(select (p_letters[n]).id from generate_subscripts(p_letters, 1) n))
      and d.workspace_id is null and a.channel = d.channel and a.external_id = d.account_external_id
    returning d.id, a.workspace_id, a.id as channel_account_id, d.channel, d.account_external_id, d.reason, d.path,
      d.detail, d.item, d.item_hash, d.status, d.attempts, d.created_at
  )
  insert into crm.dead_letters (id, workspace_id, channel_account_id, channel, account_external_id, reason, path,
    detail, item, item_hash, status, attempts, created_at)
  select m.* from moved m
  on conflict on constraint dead_letters_item_key do nothing;

  with outcome as (
    select distinct on (k.id) k.id, p_errors[n.place] as error
    from generate_subscripts(p_letters, 1) n (place)
    cross join lateral (select (p_letters[n.place]).* offset 0) l
    left join crm.channel_accounts a on a.channel = l.channel and a.external_id = l.account_external_id
    cross join lateral (
      select coalesce((
        select d.id
        from crm.dead_letters d
        where d.workspace_id = a.workspace_id and d.channel = l.channel
          and d.account_external_id = l.account_external_id
          and d.item_hash = l.item_hash
      ), l.id) as id
      offset 0
    ) k
    order by k.id, p_errors[n.place] nulls first
  )
  update crm.dead_letters d set
    status = case when o.error is null then 'replayed' else 'open' end,
    replayed_at = case when o.error is null then clock_timestamp() end,
    attempts = d.attempts + (o.error is not null)::int,
    tried_at = case when o.error is null then d.tried_at else clock_timestamp() end,
    replay_error = o.error
  from outcome o
  where d.id = o.id and d.status = 'open';
end;
$$;
comment on function crm_private.record_replay_outcomes(crm.dead_letters[], jsonb[]) is
  'Records what became of replayed dead letters, by place: an error of null means stored.

What failed stays open, and is tried again after all others. A letter without a workspace gets that of its account, if
the account is connected now.';

-- sql/310_reconcile/fn_replay_account_letters.sql
create function crm_private.replay_account_letters(
  p_account crm.channel_accounts,
  p_letters crm.dead_letters[],
  p_now timestamptz
)
returns jsonb[]
language plpgsql
set search_path = ''
as $$
declare
  v_problem text := case
    when p_account.id is null then 'unknown_account'
    when not p_account.is_active then 'inactive_account'
  end;
  v_all_places int[];
  v_places int[];
  v_history_before timestamptz;
  v_items jsonb;
  v_results crm_private.ingest_result[];
  v_errors jsonb[] := array_fill(null::jsonb, array[cardinality(p_letters)]);
begin
  for v_place in 1..cardinality(p_letters) loop
    if not (p_letters[v_place]).is_item then
      v_errors[v_place] := jsonb_build_object('code', 'needs_translation');
    elsif v_problem is not null then
      v_errors[v_place] := jsonb_build_object('code', v_problem);
    else
      v_all_places := v_all_places || v_place;
    end if;
  end loop;
  if v_all_places is null then
    return v_errors;
  end if;

  -- A letter keeps the history_before of the run that brought it.
  for v_history_before, v_places in
    select (p_letters[p.place]).history_before, array_agg(p.place order by p.place)
    from unnest(v_all_places) p (place)
    group by 1
    order by 1
  loop
    select jsonb_agg((p_letters[p.place]).item order by p.number) into v_items
    from unnest(v_places) with ordinality p (place, number);
    v_results := array(
      select r from crm_private.ingest_items_isolated(p_account, v_items, p_now, v_history_before) r
      order by r.ordinal);
    for v_number in 1..cardinality(v_results) loop
      -- Of an item with several events, the good ones are stored and each bad one has a dead letter of its own.
      if not ((v_results[v_number]).error ? 'events'
        and jsonb_array_length(v_items #> array[(v_number - 1)::text, 'events']) > 1) then
        v_errors[v_places[v_number]] := (v_results[v_number]).error;
      end if;
    end loop;
  end loop;

  -- Where chats land as raw records, transform the record again: only it says whether the chat was closed.
  update crm.raw_records r set status = 'pending', error = null, processed_at = null
  where r.workspace_id = p_account.workspace_id and r.channel_account_id = p_account.id and r.entity = 'chats'
    and r.status = 'failed'
    and r.external_id = any (array(
      select (p_letters[p.place]).item ->> 'thread_id'
      from unnest(v_all_places) p (place) where v_errors[p.place] is null));
  return v_errors;
end;
$$;
comment on function crm_private.replay_account_letters(crm.channel_accounts, crm.dead_letters[], timestamptz) is
  'Ingests the items of dead letters of one account again, like any delivery.

Per letter, in order: null when it is stored, or why not: {code, path?, events?, sqlstate?}. The code is
needs_translation where the item is what a provider sent, and unknown_account or inactive_account for the account. The
letters stay as they are: the caller records what became of them.';

-- sql/310_reconcile/fn_replay_dead_letter.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.replay_dead_letter(p_dead_letter_id uuid, p_workspace_id uuid default null)
returns table (replayed boolean, error jsonb)
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_letter crm.dead_letters;
  v_account crm.channel_accounts;
begin
  select d.workspace_id into v_workspace_id
  from crm.dead_letters d
  where d.id = p_dead_letter_id and (p_workspace_id is null or d.workspace_id = p_workspace_id);
  perform crm_private.require_member(v_workspace_id, 'admin');

  select d.* into v_letter
  from crm.dead_letters d
  where d.id = p_dead_letter_id and (p_workspace_id is null or d.workspace_id = p_workspace_id)
  for update;
  if not found then
    perform crm_private.raise_not_found('dead_letter', 'There is no such dead letter.',
      'Look its id up again in crm.dead_letters.');
  end if;

  if v_letter.status = 'discarded' then
    error := jsonb_build_object('code', 'discarded');
  elsif v_letter.status = 'open' then
    select a.* into v_account
    from crm.channel_accounts a
    where a.channel = v_letter.channel and a.external_id = v_letter.account_external_id;
    error := (crm_private.replay_account_letters(v_account, array[v_letter], clock_timestamp()))[1];
    perform crm_private.record_replay_outcomes(array[v_letter], array[error]);
  end if;
  replayed := error is null;
  return next;
end;
$$;
comment on function crm.replay_dead_letter(uuid, uuid) is
  'Ingests one dead letter again. For admins.

replayed: the item is stored, now or before. Otherwise error says why not: {code, path?, events?, sqlstate?}. The code
needs_translation means that only translation can read the item; discarded means that a person decided against it.

PT401, PT403, PT404 not_found.';

-- sql/310_reconcile/fn_replay_dead_letters.sql
create function crm.replay_dead_letters(p_limit int default 100)
returns table (replayed int, failed int)
language plpgsql
set search_path = ''
as $$
begin
  if p_limit is null or p_limit not between 1 and 500 then
    perform crm_private.reject_input('p_limit', 'A call takes 1 to 500 dead letters.');
  end if;
  return query select r.replayed, r.failed from crm_private.replay_due_letters(p_limit, clock_timestamp()) r;
end;
$$;
comment on function crm.replay_dead_letters(int) is
  'Ingests up to p_limit open dead letters of active accounts again, with about 2,000 events.

Those never tried come first, then those tried longest ago. replayed: stored now, or known meanwhile. failed: still
open; replay_error says why. What only translation can read fails once and is skipped from then on. Several calls may
run at once: each letter is replayed by one.

PT400 invalid_input.';

-- sql/310_reconcile/fn_replay_due_letters.sql
create function crm_private.replay_due_letters(p_limit int, p_now timestamptz)
returns table (replayed int, failed int)
language plpgsql
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  v_tried boolean;
  v_account crm.channel_accounts;
  v_claimed crm.dead_letters[];
  v_letters crm.dead_letters[] := '{}'::crm.dead_letters[];
  v_errors jsonb[] := '{}'::jsonb[];
  v_events int := 0;
begin
  foreach v_tried in array array[false, true] loop
    for v_account in
      select a.*
      from crm.channel_accounts a
      cross join lateral (
        select d.tried_at, d.created_at
        from crm.dead_letters d
        where d.channel = a.channel and d.account_external_id = a.external_id and d.status = 'open'
          and (d.is_item or d.tried_at is null)
          and (v_tried and d.tried_at > '-infinity' or not v_tried and d.tried_at is null)
        order by d.tried_at nulls first, d.created_at
        limit 1
      ) w
      where a.is_active
      order by w.tried_at, w.created_at, a.id
    loop
      exit when cardinality(v_letters) >= p_limit or v_events >= 2000;
      v_claimed := crm_private.claim_dead_letters(v_account, v_tried, p_limit - cardinality(v_letters));
      v_letters := v_letters || v_claimed;
      v_errors := v_errors || crm_private.replay_account_letters(v_account, v_claimed, p_now);
      v_events := v_events + (
        select coalesce(sum(crm_private.event_count((v_claimed[n]).item)), 0) from generate_subscripts(v_claimed, 1) n);
    end loop;
  end loop;
  -- Last: from here to the commit, a delivery that keeps the same item waits for the letter's row.
  perform crm_private.record_replay_outcomes(v_letters, v_errors);

  replayed := cardinality(array_positions(v_errors, null));
  failed := cardinality(v_errors) - replayed;
  return next;
end;
$$;
comment on function crm_private.replay_due_letters(int, timestamptz) is
  'Replays up to p_limit open dead letters of active accounts.

Those never tried come first, then the account whose letter was tried longest ago. Times in the future are measured
against p_now.';

-- sql/320_settings/fn_merge_settings.sql
create function crm_private.merge_settings(p_belongs_to text, p_channel text, p_settings jsonb, p_changes jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_settings jsonb := p_settings;
  v_change record;
  v_type text;
  v_names text;
begin
  if p_changes is null then
    return p_settings;
  elsif jsonb_typeof(p_changes) <> 'object' then
    perform crm_private.reject_input('$', 'Settings are a JSON object: {"name": value}.');
  end if;
  for v_change in
    select c.key, c.value, '$.' || left(c.key, 256) as path, c.value = 'null' as is_removal
    from jsonb_each(p_changes) c
    order by c.key
  loop
    select s.type into v_type
    from crm_private.settings() s
    where s.belongs_to = p_belongs_to and (s.channel is null or s.channel = p_channel) and s.name = v_change.key;
    -- A key that is set and unknown was written by other means: it can be removed.
    if not found and not (v_change.is_removal and v_settings ? v_change.key) then
      select string_agg(s.name, ', ' order by s.name) into v_names
      from crm_private.settings() s
      where s.belongs_to = p_belongs_to and (s.channel is null or s.channel = p_channel);
      perform crm_private.reject_input(v_change.path, format('There is no such setting of a %s. There is: %s.',
        coalesce(p_channel || ' account', 'workspace'), coalesce(v_names, 'none')));
    end if;
    if v_change.is_removal then
      v_settings := v_settings - v_change.key;
    else
      v_settings := v_settings || jsonb_build_object(v_change.key,
        crm_private.setting_value(v_change.path, v_type, v_change.value));
    end if;
  end loop;
  return v_settings;
end;
$$;
comment on function crm_private.merge_settings(text, text, jsonb, jsonb) is
  'The settings with the changes, key by key: null removes one. Null for the changes: as they are.

p_belongs_to and p_channel: whose they are, as in settings(). PT400 invalid_input with the key.';

-- sql/320_settings/fn_refuse_if_in_use.sql
create function crm_private.refuse_if_in_use(p_setting text, p_identities int)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_identities > 0 then
    raise exception using errcode = 'PT409',
      message = format('%s cannot change: identities were stored under the value it has.', p_setting),
      detail = jsonb_build_object('code', 'setting_in_use', 'setting', p_setting, 'identities', p_identities)::text,
      hint = 'Those people would not be found again. Keep the value, or delete these contacts and conversations first.';
  end if;
end;
$$;
comment on function crm_private.refuse_if_in_use(text, int) is
  'Returns when no identity depends on the setting.

p_identities: how many identities the change would leave behind, up to 1,000.
PT409 setting_in_use: with the setting and that number.';

-- sql/320_settings/fn_update_channel_account.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.update_channel_account(
  p_channel_account_id uuid,
  p_settings jsonb default '{}',
  p_display_name text default null,
  p_is_active boolean default null,
  p_workspace_id uuid default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_before crm.channel_accounts;
  v_after crm.channel_accounts;
begin
  select a.workspace_id into v_workspace_id
  from crm.channel_accounts a
  where a.id = p_channel_account_id and a.workspace_id = coalesce(p_workspace_id, a.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'admin');

  -- A call that changes another key at the same time waits here, and reads what this one changed.
  select a.* into v_before
  from crm.channel_accounts a
  where a.id = p_channel_account_id and a.workspace_id = v_workspace_id
  for no key update;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such channel account.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'channel_account')::text,
      hint = 'Connect it with connect_channel.';
  end if;
  v_after := v_before;
  v_after.settings := crm_private.merge_settings('channel_account', v_before.channel, v_before.settings, p_settings);
  v_after.display_name := coalesce(crm_private.display_name('p_display_name', p_display_name), v_before.display_name);
  v_after.is_active := coalesce(p_is_active, v_before.is_active);

  if v_after is distinct from v_before then
    perform crm_private.refuse_if_in_use('business_id', crm_private.count_ids_under_business_id(v_before, v_after));
    perform crm_private.refuse_if_in_use('shared_contact_ids',
      crm_private.count_ids_under_shared_contact_ids(v_before, v_after));
    update crm.channel_accounts a set
      settings = v_after.settings, display_name = v_after.display_name, is_active = v_after.is_active
    where a.id = p_channel_account_id;
  end if;
  return v_after.settings;
end;
$$;
comment on function crm.update_channel_account(uuid, jsonb, text, boolean, uuid) is
  'Changes settings of the account key by key, its name and whether it is active; returns all settings then.

p_settings: {name: value} of those to change, null for a value removes it; docs/operations.md lists them. An argument
that is null changes nothing, and a call that changes nothing writes nothing. For admins.
PT400 invalid_input (an unknown setting or a wrong value, with its path), PT401, PT403, PT404 not_found,
PT409 setting_in_use (one that ids were stored under).';

-- sql/320_settings/fn_update_workspace.sql
-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.update_workspace(
  p_workspace_id uuid,
  p_settings jsonb,
  p_name text default null,
  p_default_country text default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_before crm.workspaces;
  v_after crm.workspaces;
begin
  perform crm_private.require_member(p_workspace_id, 'admin');

  -- A call that changes another key at the same time waits here, and reads what this one changed.
  select w.* into v_before from crm.workspaces w where w.id = p_workspace_id for no key update;
  if not found then
    raise exception using errcode = 'PT404', message = 'There is no such workspace.',
      detail = jsonb_build_object('code', 'not_found', 'what', 'workspace')::text,
      hint = 'Create it with create_workspace.';
  end if;
  perform crm.normalize_phone('', p_default_country); -- Refuses what has no telephone numbers.
  v_after := v_before;
  v_after.settings := crm_private.merge_settings('workspace', null, v_before.settings, p_settings);
  v_after.name := coalesce(crm_private.display_name('p_name', p_name), v_before.name);
  v_after.default_country := coalesce(p_default_country, v_before.default_country);

  if v_after is distinct from v_before then
    perform crm_private.refuse_if_in_use('default_country',
      crm_private.count_ids_under_default_country(v_before, v_after));
    update crm.workspaces w set
      settings = v_after.settings, name = v_after.name, default_country = v_after.default_country
    where w.id = p_workspace_id;
  end if;
  return v_after.settings;
end;
$$;
comment on function crm.update_workspace(uuid, jsonb, text, text) is
  'Changes settings of the workspace key by key, its name and its default country; returns all settings then.

p_settings: {name: value} of those to change, null for a value removes it; docs/operations.md lists them. An argument
that is null changes nothing, and a call that changes nothing writes nothing. For admins.
PT400 invalid_input (an unknown setting or a wrong value, with its path), PT401, PT403, PT404 not_found,
PT409 setting_in_use (the default country, once numbers were read in it).';

-- sql/800_monitoring/checks/05_view_last_runs.sql
create view crm_private.last_runs with (security_invoker = true) as
select r.*
from crm.sync_state s
cross join lateral (
  select x.*
  from crm.sync_runs x
  where x.workspace_id = s.workspace_id and x.resource = s.resource and x.finished_at is not null
  order by x.started_at desc
  limit 1
) r
where not exists (
  select from crm.sync_runs n
  where n.workspace_id = r.workspace_id and n.resource = r.resource and n.finished_at is null
    and n.last_page_at > r.finished_at);
comment on view crm_private.last_runs is
  'How did the last run of each resource end? The newest finished run, as long as no later run has
stored a page.';

-- sql/800_monitoring/checks/05_view_monitored_accounts.sql
create view crm_private.monitored_accounts with (security_invoker = true) as
select a.workspace_id, a.id, a.channel || ':' || a.external_id as subject
from crm.channel_accounts a
where a.is_active;
comment on view crm_private.monitored_accounts is
  'Which accounts do the checks look at? One row per active account, with the subject that names it in sync_health.';

-- sql/800_monitoring/checks/10_view_health_reconnect.sql
create view crm.health_reconnect with (security_invoker = true) as
select
  a.workspace_id,
  'reconnect' as "check",
  a.subject,
  f.runs = 0 as ok,
  jsonb_build_object('resources', f.resources, 'error', f.error, 'at', f.at) as detail,
  'critical' as severity,
  'The provider refuses the credentials of the account' as title,
  'Renew the token or the credentials in the function secret. Then call the sync: it resumes after the last page.'
    as remedy
from crm_private.monitored_accounts a
cross join lateral (
  select count(*) as runs, coalesce(jsonb_agg(r.resource order by r.resource), '[]') as resources,
    (array_agg(r.error order by r.finished_at desc))[1] as error, max(r.finished_at) as at
  from crm_private.last_runs r
  where r.workspace_id = a.workspace_id and r.channel_account_id = a.id and r.status = 'failed'
    and r.error_code = 'reconnect'
) f;
comment on view crm.health_reconnect is
  'Check: whose credentials does the provider refuse? One row per active account.';

-- sql/800_monitoring/checks/20_view_health_sync_failing.sql
create view crm.health_sync_failing with (security_invoker = true) as
select
  a.workspace_id,
  'sync_failing' as "check",
  a.subject,
  f.runs = 0 as ok,
  jsonb_build_object('resources', f.resources, 'error', f.error, 'at', f.at) as detail,
  'critical' as severity,
  'The last run of a sync failed' as title,
  'Remove the cause that the code of the error names. Then call the sync: after a failed run the schedule does not.'
    as remedy
from crm_private.monitored_accounts a
cross join lateral (
  select count(*) as runs, coalesce(jsonb_agg(r.resource order by r.resource), '[]') as resources,
    (array_agg(r.error order by r.finished_at desc))[1] as error, max(r.finished_at) as at
  from crm_private.last_runs r
  where r.workspace_id = a.workspace_id and r.channel_account_id = a.id and r.status = 'failed'
    and r.error_code <> 'reconnect'
) f;
comment on view crm.health_sync_failing is
  'Check: whose last run failed, for another reason than its credentials? One row per active account.';

-- sql/800_monitoring/checks/30_view_health_sync_stuck.sql
create view crm.health_sync_stuck with (security_invoker = true) as
select
  a.workspace_id,
  'sync_stuck' as "check",
  a.subject,
  f.runs = 0 as ok,
  jsonb_build_object('resources', f.resources, 'since', f.since, 'error', f.error) as detail,
  'warning' as severity,
  'A run makes no progress' as title,
  'Look whether the schedule is set up and the function answers. If both work, remove the cause that the error names.'
    as remedy
from crm_private.monitored_accounts a
cross join lateral (
  select count(*) as runs, coalesce(jsonb_agg(r.resource order by r.resource), '[]') as resources,
    min(w.since) as since, (array_agg(r.error order by w.since))[1] as error
  from crm.sync_runs r
  left join crm.sync_locks l on l.resource = r.resource and l.fencing_token = r.fencing_token
  cross join lateral (
    select case r.status
      -- A run that rests until the provider's limit ends is not stuck.
      when 'paused' then least(coalesce(r.resume_at, r.paused_at),
        greatest(coalesce(r.progressed_at, r.started_at), case when r.error_code = 'throttled' then r.resume_at end))
      else coalesce(l.expires_at, r.last_page_at, r.resumed_at, r.started_at)
    end as since
  ) w
  where r.workspace_id = a.workspace_id and r.channel_account_id = a.id and r.status in ('running', 'paused')
    -- The scheduled job resumes such runs every minute.
    and w.since < now() - interval '10 minutes'
) f;
comment on view crm.health_sync_stuck is
  'Check: whose run has made no progress for more than 10 minutes? One row per active account.

Either nobody resumes the run, or it fails each time; since says from when on.';

-- sql/800_monitoring/checks/40_view_health_sync_overdue.sql
create view crm.health_sync_overdue with (security_invoker = true) as
select
  a.workspace_id,
  'sync_overdue' as "check",
  a.subject,
  f.resources = '[]' as ok,
  jsonb_build_object('resources', f.resources, 'since', f.since) as detail,
  'critical' as severity,
  'The schedule calls the sync, and no run begins' as title,
  'Read the answers to the calls in net._http_response. Most often a key or a function secret is missing or wrong.'
    as remedy
from crm_private.monitored_accounts a
cross join lateral (
  select coalesce(jsonb_agg(s.resource order by s.resource), '[]') as resources, min(s.unanswered_since) as since
  from crm.sync_state s
  cross join lateral (
    select x.channel_account_id, x.started_at
    from crm.sync_runs x
    where x.workspace_id = s.workspace_id and x.resource = s.resource
    order by x.started_at desc
    limit 1
  ) r
  where s.workspace_id = a.workspace_id and r.channel_account_id = a.id and s.unanswered_since > r.started_at
    -- The scheduled job calls every quarter of an hour, and a function that works begins a run at once.
    and s.unanswered_since < now() - interval '1 hour'
) f;
comment on view crm.health_sync_overdue is
  'Check: for whom has the schedule called for more than an hour without a run? One row per active account.';

-- sql/800_monitoring/checks/50_view_health_dead_letters.sql
create view crm.health_dead_letters with (security_invoker = true) as
select
  f.workspace_id,
  'dead_letters' as "check",
  f.subject,
  f.ok,
  f.detail,
  'warning' as severity,
  'Some deliveries could not be stored' as title,
  'Look at crm.dead_letter_summary and remove the cause. Then replay the letters, or discard what nobody needs.'
    as remedy
from (
  select a.workspace_id, a.subject, l.letters = 0 as ok,
    jsonb_build_object('open', l.letters, 'oldest', l.oldest) as detail
  from crm_private.monitored_accounts a
  cross join lateral (
    select count(*) as letters, min(d.created_at) as oldest
    from crm.dead_letters d
    where d.workspace_id = a.workspace_id and d.channel_account_id = a.id and d.status = 'open'
  ) l
  union all
  -- Letters of accounts that nobody connected have no workspace: only the operator sees them.
  select null, d.channel || ':' || d.account_external_id, false,
    jsonb_build_object('open', count(*), 'oldest', min(d.created_at), 'reason', 'not connected')
  from crm.dead_letters d
  where d.workspace_id is null and d.status = 'open'
  group by d.channel, d.account_external_id
) f;
comment on view crm.health_dead_letters is
  'Check: whose deliveries could not be stored? One row per active account, and per account that nobody has connected.';

-- sql/800_monitoring/checks/60_view_health_rate_limited.sql
create view crm.health_rate_limited with (security_invoker = true) as
select
  a.workspace_id,
  'rate_limited' as "check",
  a.subject,
  b.blocked_until is null or b.blocked_until <= now() as ok,
  jsonb_build_object('blocked_until', case when b.blocked_until > now() then b.blocked_until end) as detail,
  'info' as severity,
  'The provider accepts no requests at the moment' as title,
  'Wait: runs resume when the pause ends. If it happens every day, lower the rate with set_rate_limit, or sync less.'
    as remedy
from crm_private.monitored_accounts a
left join crm.rate_limit_buckets b on b.bucket = a.subject;
comment on view crm.health_rate_limited is
  'Check: who may send nothing until the provider''s pause ends? One row per active account.';

-- sql/800_monitoring/checks/70_view_health_fast_path.sql
create view crm.health_fast_path with (security_invoker = true) as
select
  a.workspace_id,
  'fast_path' as "check",
  a.channel || ':' || a.external_id as subject,
  e.errors is null as ok,
  jsonb_build_object('errors', coalesce(e.errors, '[]'), 'last_at', e.last_at) as detail,
  'info' as severity,
  'The fast path of the ingest ends with errors' as title,
  'Nothing is lost, but each such call does its work twice. '
    'Look at the constraint or expression that crm.fast_path_errors names.' as remedy
from crm.channel_accounts a
cross join lateral (
  select max(x.last_at) as last_at,
    jsonb_agg(
      jsonb_build_object('sqlstate', x.sqlstate, 'constraint', nullif(x.constraint_name, ''), 'errors', x.errors)
      order by x.last_at desc, x.sqlstate, x.constraint_name) as errors
  from crm.fast_path_errors x
  where x.workspace_id = a.workspace_id and x.channel_account_id = a.id and x.last_at > now() - interval '1 day'
) e
where a.is_active;
comment on view crm.health_fast_path is
  'Check: on whose account did the fast path of the ingest end with an error in the last day?

One row per active account.';

-- sql/800_monitoring/fn_contact_sync_stats.sql
-- Security definer: counts must not pay for row level security; the first act is the membership check.
create function crm.contact_sync_stats(p_workspace_id uuid)
returns table (contacts bigint, contacts_needing_sync bigint, stale_stubs bigint, conversations bigint,
  orphaned_conversations bigint)
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
  'Counts contacts, stubs, stubs older than 7 days, conversations, and conversations without a contact. For viewers.

PT401, PT403.';

-- sql/800_monitoring/view_active_syncs.sql
create view crm.active_syncs with (security_invoker = true) as
select
  r.workspace_id,
  r.id as run_id,
  r.channel_account_id,
  a.channel,
  a.display_name as account,
  r.resource,
  r.mode,
  r.status,
  r.holder,
  r.pages,
  r.items,
  r.created,
  r.updated,
  r.unchanged,
  r.failed,
  r.rejected,
  r.total_estimate,
  p.progress,
  -- No rate and no end for a run without a worker: it is paused, or its process died.
  case when p.is_worked_on then round(p.items_per_second * 60, 1) end as items_per_minute,
  case when p.is_worked_on and p.items_per_second > 0 and r.total_estimate > 0 then
    date_trunc('second',
      now() + make_interval(secs => (greatest(r.total_estimate - r.items, 0) / p.items_per_second)::float8))
  end as estimated_end,
  case when p.is_worked_on then l.expires_at - now() end as lease_left,
  r.started_at,
  date_trunc('second', p.active_for) as active_for,
  r.last_page_at,
  r.paused_at,
  r.resume_at,
  r.error
from crm.sync_runs r
join crm.channel_accounts a on a.workspace_id = r.workspace_id and a.id = r.channel_account_id
left join crm.sync_locks l on l.resource = r.resource and l.fencing_token = r.fencing_token and r.status = 'running'
cross join lateral (
  select coalesce(l.expires_at > now(), false) as is_worked_on, r.active_for + case
    when r.status <> 'running' then '0'
    -- Without a lease the run was active until its last page.
    when l.expires_at is null or l.expires_at <= now()
      then greatest(r.last_page_at - coalesce(r.resumed_at, r.started_at), '0')
    else greatest(now() - coalesce(r.resumed_at, r.started_at), '0')
  end as active_for
  offset 0
) d
cross join lateral (
  select d.is_worked_on, d.active_for,
    round(100.0 * least(r.items, r.total_estimate) / nullif(r.total_estimate, 0), 1) as progress,
    r.items / nullif(extract(epoch from d.active_for), 0) as items_per_second
  offset 0
) p
where r.status in ('running', 'paused')
order by r.started_at, r.id;
comment on view crm.active_syncs is
  'Which syncs are under way, how far are they, and when will they end?

One row per run that is running or paused. progress is in percent of total_estimate. items_per_minute and estimated_end
are set only while a worker holds the lease. A running run without lease_left lost its process: the next start_sync
resumes it.';

-- sql/800_monitoring/view_channel_overview.sql
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

-- sql/800_monitoring/view_contact_sync_overview.sql
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
comment on view crm.contact_sync_overview is
  'How complete are the contacts?

One row per workspace and source: stubs from chats, upgraded stubs, contacts from the API.';

-- sql/800_monitoring/view_dead_letter_summary.sql
create view crm.dead_letter_summary with (security_invoker = true) as
select
  d.workspace_id,
  d.channel,
  d.account_external_id,
  d.reason,
  d.path,
  count(*) as dead_letters,
  min(d.created_at) as first_at,
  max(d.created_at) as last_at,
  bool_or(d.is_item and a.is_active is true) as can_be_replayed,
  max(d.attempts) as most_attempts,
  max(d.tried_at) as last_tried_at,
  (array_agg(coalesce(d.replay_error ->> 'code', d.detail)
    order by d.tried_at desc nulls last, d.created_at desc))[1] as last_error
from crm.dead_letters d
left join crm.channel_accounts a on a.channel = d.channel and a.external_id = d.account_external_id
where d.status = 'open'
group by d.workspace_id, d.channel, d.account_external_id, d.reason, d.path;
comment on view crm.dead_letter_summary is
  'What could not be stored, and why?

One row per account, reason and path of the open dead letters: how many, since when, whether the database can replay
them now (an item, of an account that is connected and active), and what became of the last attempt.';

-- sql/800_monitoring/view_inbox.sql
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

-- sql/800_monitoring/view_orphaned_conversations.sql
create view crm.orphaned_conversations with (security_invoker = true) as
select
  v.workspace_id,
  v.id as conversation_id,
  v.channel_account_id,
  a.channel,
  a.display_name as account,
  v.metadata #>> '{participant,full_name}' as full_name,
  v.metadata -> 'participant' as participant,
  k.thread_ids,
  k.participant_keys,
  v.created_at as since,
  v.last_message_at,
  l.direction as last_direction,
  l.body as last_body
from crm.conversations v
join crm.channel_accounts a on a.workspace_id = v.workspace_id and a.id = v.channel_account_id
cross join lateral (
  select array_agg(x.value order by x.value) filter (where x.kind = 'thread') as thread_ids,
    array_agg(x.value order by x.value) filter (where x.kind = 'participant') as participant_keys
  from crm.conversation_keys x
  where x.conversation_id = v.id
) k
left join lateral (
  select m.direction, m.body
  from crm.messages m
  where m.conversation_id = v.id
  order by m.sent_at desc, m.provider_message_id desc
  limit 1
) l on true
where v.contact_id is null
order by v.last_message_at desc nulls last, v.id;
comment on view crm.orphaned_conversations is
  'Which conversations have no contact, and why?

One row per such conversation, with the participant as delivered. One with participant_keys had a contact that was
deleted, or its ids are blocked; the others never named a usable id. since is the conversation''s start: the time of a
deletion is not kept.';

-- sql/800_monitoring/view_stale_stubs.sql
create view crm.stale_stubs with (security_invoker = true) as
select
  c.workspace_id,
  c.id as contact_id,
  c.full_name,
  c.phone_normalized,
  c.email,
  (select coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'scope', i.scope, 'value', i.value)
    order by i.kind, i.scope, i.value), '[]')
    from crm.contact_identities i
    where i.contact_id = c.id and not i.is_previous) as identities,
  v.conversations,
  v.last_message_at,
  c.created_at,
  date_trunc('second', now() - c.created_at) as age
from crm.contacts c
cross join lateral (
  select count(*) as conversations, max(t.last_message_at) as last_message_at
  from crm.conversations t
  where t.contact_id = c.id
) v
where c.needs_full_sync and c.merged_into_id is null and c.created_at < now() - interval '7 days'
order by v.last_message_at desc nulls last, c.created_at desc;
comment on view crm.stale_stubs is
  'Which stubs has the Contacts API not described for more than 7 days?

One row per stub of that age, the latest writers first, with the ids to look them up by.';

-- sql/800_monitoring/view_stuck_locks.sql
create view crm.stuck_locks with (security_invoker = true) as
select
  coalesce(r.workspace_id, l.workspace_id) as workspace_id,
  coalesce(r.resource, l.resource) as resource,
  coalesce(r.holder, l.holder) as holder,
  r.id as run_id,
  r.pages,
  l.acquired_at,
  r.last_page_at,
  l.expires_at as expired_at,
  date_trunc('second', now() - coalesce(l.expires_at, r.last_page_at, r.resumed_at, r.started_at)) as stuck_for
from (
  select x.workspace_id, x.resource, x.holder, x.fencing_token, x.acquired_at, x.expires_at
  from crm.sync_locks x where x.expires_at <= now()
) l
full join (
  select x.*
  from crm.sync_runs x
  where x.status = 'running'
    and not exists (
      select from crm.sync_locks h
      where h.resource = x.resource and h.fencing_token = x.fencing_token and h.expires_at > now())
) r on r.workspace_id = l.workspace_id and r.resource = l.resource and r.fencing_token = l.fencing_token
order by stuck_for desc, resource;
comment on view crm.stuck_locks is
  'Which locks were taken and never given back?

One row per resource whose lease is over, and per running run that no worker holds any more. stuck_for counts since the
lease''s end, or since the run''s last sign when the lock was cleaned up or taken for something else.';

-- sql/800_monitoring/view_sync_health.sql
-- One line per check. Each is a view of its own in checks/, with these columns.
create view crm.sync_health with (security_invoker = true) as
select * from crm.health_reconnect
union all select * from crm.health_sync_failing
union all select * from crm.health_sync_stuck
union all select * from crm.health_sync_overdue
union all select * from crm.health_dead_letters
union all select * from crm.health_rate_limited
union all select * from crm.health_fast_path;
comment on view crm.sync_health is
  'Is there anything that somebody should be called for?

One row per check and account (subject), with what the check found in detail.
severity: critical, when no data arrives until somebody acts; warning, when somebody should look; info, when it
passes by itself. title: what a row that is not ok means. remedy: what to do about it.';

-- sql/800_monitoring/view_sync_statistics.sql
create view crm.sync_statistics with (security_invoker = true) as
select
  r.workspace_id,
  r.resource,
  r.day,
  sum(r.runs) as runs,
  sum(r.completed) as completed,
  sum(r.failed) as failed,
  round(100.0 * sum(r.completed) / nullif(sum(r.finished), 0), 1) as completion_rate,
  date_trunc('milliseconds', sum(r.duration) / nullif(sum(r.finished), 0)::float8) as avg_duration,
  date_trunc('milliseconds', max(r.max_duration)) as max_duration,
  date_trunc('milliseconds', sum(r.active_for) / nullif(sum(r.finished), 0)::float8) as avg_active,
  sum(r.pages) as pages,
  sum(r.items) as items,
  sum(r.created) as created,
  sum(r.updated) as updated,
  sum(r.unchanged) as unchanged,
  sum(r.failed_items) as failed_items,
  sum(r.rejected) as rejected,
  coalesce(jsonb_object_agg(r.error_code, r.failed) filter (where r.failed > 0), '{}') as errors
from (
  select
    x.workspace_id,
    x.resource,
    (x.started_at at time zone 'UTC')::date as day,
    case x.status when 'failed' then x.error_code end as error_code,
    count(*) as runs,
    count(x.finished_at) as finished,
    count(*) filter (where x.status = 'completed') as completed,
    count(*) filter (where x.status = 'failed') as failed,
    sum(x.finished_at - x.started_at) as duration,
    max(x.finished_at - x.started_at) as max_duration,
    sum(x.active_for) filter (where x.finished_at is not null) as active_for,
    sum(x.pages) as pages,
    sum(x.items) as items,
    sum(x.created) as created,
    sum(x.updated) as updated,
    sum(x.unchanged) as unchanged,
    sum(x.failed) as failed_items,
    sum(x.rejected) as rejected
  from crm.sync_runs x
  group by 1, 2, 3, 4
) r
group by r.workspace_id, r.resource, r.day
order by r.day desc, r.resource;
comment on view crm.sync_statistics is
  'How did the syncs of each resource go, day by day?

Days are UTC, by when the runs began. Runs and how they ended (completion_rate in percent of those that ended),
durations from start to end and without the pauses (avg_active), what became of the items, and the codes of the failed
runs, counted.';

-- sql/900_schedule/fn_call_function.sql
create function crm_private.call_function(p_project_url text, p_secret_name text, p_function text, p_bodies jsonb[])
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_secret text;
  v_count int;
begin
  if cardinality(p_bodies) = 0 then
    return 0;
  end if;
  v_secret := crm_private.vault_secret(p_secret_name);
  -- Wait as long as the function may run: to hang up earlier might end it.
  -- Dynamic, because the extension may be missing when this function is created.
  execute $sql$
    select count(net.http_post(url := $1, body := b.body, headers := $2, timeout_milliseconds := 150000))
    from unnest($3) b (body)
  $sql$ into v_count
    using rtrim(p_project_url, '/') || '/functions/v1/' || p_function,
      jsonb_build_object('Content-Type', 'application/json', 'apikey', v_secret), p_bodies;
  return v_count;
end;
$$;
comment on function crm_private.call_function(text, text, text, jsonb[]) is
  'Calls an Edge Function of the project once with each body, in order.

It reads the secret key from the vault by its name, when there is something to call. The calls leave when the
transaction commits, and it does not wait for their answers.
Returns how many calls.
Errors: PT404 not_found when the secret is gone.';

-- sql/900_schedule/fn_refresh_syncs.sql
create function crm_private.refresh_syncs(
  p_project_url text,
  p_secret_name text,
  p_limit int default 100,
  p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_calls record;
  v_count int := 0;
begin
  for v_calls in
    with due as materialized (
      select a.workspace_id, n.resource, y.function_name, y.place, last_run.started_at, o.last_at,
        jsonb_build_object('channelAccountId', a.id, 'mode', 'incremental') as body
      from crm.channel_accounts a
      join crm_private.channel_syncs()
        with ordinality y (channel, what, function_name, min_interval, needs_watermark, place) on y.channel = a.channel
      cross join lateral (
        select crm_private.sync_resource(a.channel, a.external_id, y.what) as resource offset 0
      ) n
      cross join lateral (
        select r.status, r.started_at, r.mode = 'full' and r.items + r.rejected = 0 as found_nothing
        from crm.sync_runs r
        where r.workspace_id = a.workspace_id and r.resource = n.resource
        order by r.started_at desc
        limit 1
      ) last_run
      left join lateral (
        select x.high_watermark, x.triggered_at
        from crm.sync_state x
        where x.workspace_id = a.workspace_id and x.resource = n.resource
        offset 0
      ) s on true
      left join lateral (
        select x.token, x.expires_at from crm.sync_locks x where x.resource = n.resource offset 0
      ) l on true
      -- A call counts like a run: an account whose run never begins gets its turn, and no more than that.
      cross join lateral (select greatest(last_run.started_at, s.triggered_at) as last_at offset 0) o
      where a.is_active
        -- A failed run waits for a person. resume_syncs is for a running or paused one.
        and last_run.status = 'completed'
        -- Without a watermark the run would be a full one again. An empty account has none, and costs one request.
        and (not y.needs_watermark or s.high_watermark is not null or last_run.found_nothing)
        and (y.min_interval = interval '0' or last_run.started_at <= p_now - y.min_interval)
        and (l.token is null or l.expires_at <= p_now)
      order by o.last_at
      limit p_limit
    ), noted as (
      update crm.sync_state s set
        triggered_at = p_now,
        unanswered_since = case when s.unanswered_since > d.started_at then s.unanswered_since else p_now end
      from due d
      where s.workspace_id = d.workspace_id and s.resource = d.resource
    )
    select d.function_name, array_agg(d.body order by d.last_at) as bodies
    from due d
    group by d.function_name
    order by min(d.place)
  loop
    v_count := v_count + crm_private.call_function(p_project_url, p_secret_name, v_calls.function_name, v_calls.bodies);
  end loop;
  return v_count;
end;
$$;
comment on function crm_private.refresh_syncs(text, text, int, timestamptz) is
  'Calls the functions of channel_syncs() for a new incremental run of up to p_limit accounts.

An account is due when it is active, its last run is completed and its lock is free. The registry adds the sync''s
min_interval, counted from the start of the last run, and for needs_watermark a high watermark or an empty account.
The accounts that were read or called longest ago come first. sync_state notes each call.
Returns how many calls.
Errors: PT404 not_found when the secret is gone.';

-- sql/900_schedule/fn_require_scheduler.sql
create function crm_private.require_scheduler(p_extensions text[])
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_extension text;
begin
  -- pg_class shows the relations of a schema also to a role without usage on it.
  select e.name into v_extension
  from (values
    ('pg_cron', 'cron', 'job'),
    ('pg_net', 'net', 'http_request_queue'),
    ('supabase_vault', 'vault', 'decrypted_secrets')
  ) e (name, schema, relation)
  where e.name = any (p_extensions) and not exists (
    select from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = e.schema and c.relname = e.relation)
  order by e.name
  limit 1;
  if v_extension is not null then
    raise exception using errcode = 'PT400', message = format('The extension %s is not enabled.', v_extension),
      detail = jsonb_build_object('code', 'missing_extension', 'extension', v_extension)::text,
      hint = format(
        'Enable it in the dashboard under Database, Extensions, or as the owner: create extension %s.', v_extension);
  end if;

  if not has_schema_privilege('cron', 'usage') then
    raise exception using errcode = 'PT403', message = 'Jobs are scheduled by the owner of the database.',
      detail = jsonb_build_object('code', 'forbidden', 'needs', 'postgres')::text,
      hint = 'Call this in the SQL editor, or on a connection of role postgres.';
  end if;
end;
$$;
comment on function crm_private.require_scheduler(text[]) is
  'Returns when these of pg_cron, pg_net and supabase_vault are enabled, and the caller may schedule jobs.

Errors: PT400 missing_extension with the extension, PT403 forbidden.';

-- sql/900_schedule/fn_resume_syncs.sql
create function crm_private.resume_syncs(
  p_project_url text,
  p_secret_name text,
  p_limit int default 20,
  p_now timestamptz default clock_timestamp()
)
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_calls record;
  v_count int := 0;
begin
  for v_calls in
    select d.function_name, array_agg(d.body) as bodies
    from (
      select y.function_name, y.place,
        jsonb_build_object('channelAccountId', r.channel_account_id, 'resumeSession', r.id) as body
      from crm.sync_runs r
      join crm.channel_accounts a on a.workspace_id = r.workspace_id and a.id = r.channel_account_id and a.is_active
      -- A function resumes runs of its own resource only.
      join crm_private.channel_syncs()
        with ordinality y (channel, what, function_name, min_interval, needs_watermark, place)
        on y.channel = a.channel and r.resource = crm_private.sync_resource(a.channel, a.external_id, y.what)
      left join crm.sync_locks l on l.resource = r.resource
      where (r.status = 'running' or r.status = 'paused' and (r.resume_at is null or r.resume_at <= p_now))
        -- A process at work holds the lock. The lease of a process that died is over.
        and (l.token is null or l.expires_at <= p_now)
      -- In random order, so that runs which cannot start leave the others their turn.
      order by random()
      limit p_limit
    ) d
    group by d.function_name
    order by min(d.place)
  loop
    v_count := v_count + crm_private.call_function(p_project_url, p_secret_name, v_calls.function_name, v_calls.bodies);
  end loop;
  return v_count;
end;
$$;
comment on function crm_private.resume_syncs(text, text, int, timestamptz) is
  'Calls the functions of channel_syncs() for up to p_limit runs that no process works on.

Those are paused runs that are due, and runs whose process died (their lease is over).
Returns how many calls.
Errors: PT404 not_found when the secret is gone.';

-- sql/900_schedule/fn_schedule_jobs.sql
create function crm.schedule_jobs(p_project_url text, p_secret_name text)
returns setof text
language plpgsql
set search_path = ''
as $$
declare
  v_url text := rtrim(p_project_url, '/');
  v_job record;
begin
  perform crm_private.require_scheduler(array['pg_cron', 'pg_net', 'supabase_vault']);
  -- No user, query or fragment: a key in a URL would be readable in cron.job.
  if v_url is null or length(v_url) > 2000
    or v_url !~* '^https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[a-z0-9._~%/-]*)?$' then
    perform crm_private.reject_input(
      'p_project_url',
      'The project''s URL begins with https:// (or http://) and has no user, query or fragment.');
  end if;
  if coalesce(btrim(p_secret_name), '') = '' then
    perform crm_private.reject_input('p_secret_name', 'The name of the vault''s secret is missing.');
  end if;
  perform crm_private.vault_secret(p_secret_name);

  for v_job in
    select *
    from (values
      ('onefold-expired-locks', '* * * * *', 'select crm.cleanup_expired_locks()'),
      ('onefold-reconcile-contacts', '*/15 * * * *', 'select crm.reconcile_contacts()'),
      -- Seven minutes after reconciliation, and not at the full quarter, when most other clients ask the provider.
      ('onefold-refresh-syncs', '7-59/15 * * * *',
        format('select crm_private.refresh_syncs(%L, %L)', v_url, p_secret_name)),
      ('onefold-resume-syncs', '* * * * *', format('select crm_private.resume_syncs(%L, %L)', v_url, p_secret_name))
    ) j (name, schedule, command)
  loop
    execute 'select cron.schedule($1, $2, $3)' using v_job.name, v_job.schedule, v_job.command;
    return next v_job.name;
  end loop;
end;
$$;
comment on function crm.schedule_jobs(text, text) is
  'Sets up the pg_cron jobs, or changes them to these arguments.

Expired locks and paused syncs are looked at every minute; contacts, and accounts that a sync has read before, every
fifteen minutes. The jobs call functions at p_project_url (https://<ref>.supabase.co) with the secret key that the vault
keeps under p_secret_name. They run with the caller''s rights, so the owner of the database calls this.
Returns their names.
Errors: PT400 missing_extension, PT400 invalid_input, PT403 forbidden, PT404 not_found when the vault has no such
secret.';

-- sql/900_schedule/fn_unschedule_jobs.sql
create function crm.unschedule_jobs()
returns int
language plpgsql
set search_path = ''
as $$
declare
  v_count int;
begin
  perform crm_private.require_scheduler(array['pg_cron']);
  -- By the ids of the caller's jobs: an unknown name would be an error, and other owners keep their jobs.
  execute $sql$
    select count(cron.unschedule(j.jobid))
    from cron.job j
    where j.jobname::text like 'onefold-%' and j.username::text = current_user::text
  $sql$ into v_count;
  return v_count;
end;
$$;
comment on function crm.unschedule_jobs() is
  'Removes the jobs that schedule_jobs has set up: the caller''s jobs named onefold-….

Returns how many there were.
Errors: PT400 missing_extension, PT403 forbidden.';

-- sql/900_schedule/fn_vault_secret.sql
create function crm_private.vault_secret(p_name text)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_secret text;
begin
  -- Dynamic, because the vault may be missing when this function is created.
  execute 'select s.decrypted_secret from vault.decrypted_secrets s where s.name = $1' into v_secret using p_name;
  if coalesce(btrim(v_secret), '') = '' then
    perform crm_private.raise_not_found(
      'vault_secret', 'There is no such secret in the vault.',
      'Store a secret key of the project under the name: select vault.create_secret(''<secret key>'', ''<name>'').');
  end if;
  return v_secret;
end;
$$;
comment on function crm_private.vault_secret(text) is
  'A secret of the vault by its name, decrypted, with the caller''s own rights on the vault.

Errors: PT404 not_found when there is none, or an empty one.';

-- sql/990_grants/10_grants.sql
-- Deny by default, then grant what is meant. A schema's default privileges cannot take execute from public, so it is
-- revoked here, and a test over the catalog finds any function that slips through.
revoke all on schema crm, crm_private from public;
revoke all on all tables in schema crm, crm_private from public, anon, authenticated, service_role;
revoke execute on all functions in schema crm, crm_private from public, anon, authenticated, service_role;

grant usage on schema crm to authenticated, service_role;
grant usage on schema crm_private to service_role;

-- Members read, under row level security.
grant select on all tables in schema crm to authenticated;
-- Who shows a lock's token writes in the holder's name.
revoke select on crm.sync_locks from authenticated;
grant select (resource, workspace_id, holder, fencing_token, acquired_at, expires_at)
  on crm.sync_locks to authenticated;
-- service_role is the backend: it passes row level security, and runs the functions that are not security definer.
grant select, insert, update, delete on all tables in schema crm to service_role;
grant select on all tables in schema crm_private to service_role;
grant execute on all functions in schema crm, crm_private to service_role;

-- Policies need execute, and no usage on the schema.
grant execute on function crm_private.member_workspace_ids() to authenticated;
-- The views over these run as the member: they need select, and no usage on the schema either.
grant select on crm_private.monitored_accounts, crm_private.last_runs to authenticated;

grant execute on function
  crm.add_member(uuid, uuid, text),
  crm.channel_account(uuid),
  crm.contact_sync_stats(uuid),
  crm.explain_contact(uuid, uuid),
  crm.merge_contacts(uuid, uuid, text, uuid),
  crm.reject_merge_candidate(uuid, uuid),
  crm.remove_member(uuid, uuid),
  crm.replay_dead_letter(uuid, uuid),
  crm.require_role(uuid, text),
  crm.schema_version(),
  crm.unmerge_contacts(uuid, uuid),
  crm.update_channel_account(uuid, jsonb, text, boolean, uuid),
  crm.update_conversation(uuid, bigint, jsonb, uuid),
  crm.update_workspace(uuid, jsonb, text, text)
to authenticated;
