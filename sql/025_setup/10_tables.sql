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
