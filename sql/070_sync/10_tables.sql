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
