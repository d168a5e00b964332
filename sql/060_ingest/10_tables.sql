create table crm.fast_path_errors (
  workspace_id uuid not null,
  channel_account_id uuid not null,
  sqlstate text not null,
  constraint_name text not null,
  errors bigint not null default 1,
  first_at timestamptz not null default clock_timestamp(),
  last_at timestamptz not null default clock_timestamp(),
  primary key (workspace_id, channel_account_id, sqlstate, constraint_name),
  constraint channel_account_fkey foreign key (workspace_id, channel_account_id)
    references crm.channel_accounts (workspace_id, id) on delete cascade,
  constraint errors_is_positive check (errors > 0)
);
comment on table crm.fast_path_errors is
  'How often the fast path of the ingest ended with an error and the general path took the items instead.

One row per account, SQLSTATE and constraint. The general path stored the items or kept them in dead_letters: a row
here says that calls are slower than they could be, not that anything is lost.';
comment on column crm.fast_path_errors.sqlstate is 'Class 22 or 23: data that an expression or a constraint refused.';
comment on column crm.fast_path_errors.constraint_name is 'The constraint that was violated; empty for other errors.';
