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
