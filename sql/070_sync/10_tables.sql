create table crm.sync_state (
  workspace_id uuid not null references crm.workspaces (id) on delete cascade,
  resource text not null,
  cursor jsonb not null default '{}',
  high_watermark timestamptz,
  called_at timestamptz,
  called_since timestamptz,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, resource),
  constraint resource_is_not_empty check (resource <> ''),
  constraint cursor_is_object check (jsonb_typeof(cursor) = 'object')
);
comment on table crm.sync_state is 'How far each walk over a resource has come: it goes on from here after any interruption.';
comment on column crm.sync_state.cursor is 'Where to go on; what it holds is the walk''s own affair.';
comment on column crm.sync_state.high_watermark is 'By the source''s clock: everything up to here has been seen.';
comment on column crm.sync_state.called_at is 'When the scheduled job last called for a new run.';
comment on column crm.sync_state.called_since is 'The first call after which no run has begun; before the newest run''s start, there is none.';

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
  vain_attempts int not null default 0,
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
comment on table crm.sync_runs is 'One full or incremental pass over a resource, however many processes it took: what it read, what became of it, how it ended.';
comment on column crm.sync_runs.status is 'running: under a lease, or its process died and the lease is over; paused: goes on at resume_at; completed and failed are final.';
comment on column crm.sync_runs.holder is 'Who runs it, or ran it last.';
comment on column crm.sync_runs.fencing_token is 'The fencing token of the lock it runs under, or ran under last.';
comment on column crm.sync_runs.since is 'An incremental run reads what changed from here on, by the source''s clock; null in a full one.';
comment on column crm.sync_runs.history_before is 'Messages from before it are history: they make nothing unread and open no reply window. A day before the run began, or, if longer ago, what had been read by then: the high watermark; without one, the last run''s start if it completed, or its history_before if it failed. Minus infinity: there is no history.';
comment on column crm.sync_runs.pages is 'Committed calls; a large page may take several.';
comment on column crm.sync_runs.items is 'Items brought: created + updated + unchanged + failed. One conversation may come in several items. A new record of an export counts when it is transformed.';
comment on column crm.sync_runs.failed is 'Items of which nothing was stored; they are dead letters, or raw records with status failed.';
comment on column crm.sync_runs.rejected is 'What the translation could not read and set aside as dead letters; not among the items.';
comment on column crm.sync_runs.rejected_by is 'The same by what it was: {what: count}, or by the reason where it was not said.';
comment on column crm.sync_runs.total_estimate is 'How many items the source says there are; null when it does not say.';
comment on column crm.sync_runs.active_for is 'How long it ran before its last pause or interruption, without the pauses.';
comment on column crm.sync_runs.progressed_at is 'When a page last brought something or moved the cursor.';
comment on column crm.sync_runs.vain_attempts is 'How often in a row it paused with an error and without any progress.';
comment on column crm.sync_runs.paused_at is 'When it last paused.';
comment on column crm.sync_runs.resumed_at is 'When it last went on; null when it ran in one go.';
comment on column crm.sync_runs.resume_at is 'The scheduled job does not go on with a paused run before this time; null: it may at once.';
comment on column crm.sync_runs.error is 'Why it failed or paused: begins with a stable code (docs/conversation-sync.md), then a text for people.';
create index sync_runs_id_idx on crm.sync_runs (id);
create index sync_runs_channel_account_idx on crm.sync_runs (workspace_id, channel_account_id);
create index sync_runs_resource_idx on crm.sync_runs (workspace_id, resource, started_at desc);
create unique index sync_runs_one_unfinished on crm.sync_runs (workspace_id, resource) where status in ('running', 'paused');

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
comment on table crm.rate_limit_buckets is 'Token buckets: how many requests may be sent to whom, over all functions together. A bucket nobody has set holds 100 and gets 10 a second.';
comment on column crm.rate_limit_buckets.bucket is 'Whom the requests go to: <channel>:<account''s external id>, or another name.';
comment on column crm.rate_limit_buckets.workspace_id is 'The workspace of the account that the bucket names; null when it names none.';
comment on column crm.rate_limit_buckets.tokens is 'How many there were at refilled_at; capacity is the most there can be.';
comment on column crm.rate_limit_buckets.blocked_until is 'Nothing is granted before this time: the provider said so.';
create index rate_limit_buckets_workspace_idx on crm.rate_limit_buckets (workspace_id);
