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
