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
