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
