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
