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
