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
comment on column crm.channel_accounts.settings is '`business_id`: the scope that business-scoped user ids of this account share, instead of the WABA id. Of a B2Chat account: `time_zone` of its times (an IANA name, else UTC), `sync_from` (the first day of the first sync), `shared_contact_ids` (true: chats and contacts number people alike).';
