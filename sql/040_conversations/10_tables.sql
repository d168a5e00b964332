create table crm.conversations (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  channel_account_id uuid not null,
  contact_id uuid,
  status text not null default 'open',
  status_changed_at timestamptz,
  unread_count int not null default 0,
  last_message_at timestamptz,
  last_inbound_at timestamptz,
  delivered_watermark timestamptz,
  read_watermark timestamptz,
  source_updated_at timestamptz,
  has_pending_effects boolean not null default false,
  metadata jsonb not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, channel_account_id, id),
  constraint channel_account_fkey foreign key (workspace_id, channel_account_id)
    references crm.channel_accounts (workspace_id, id) on delete cascade,
  constraint contact_fkey foreign key (workspace_id, contact_id)
    references crm.contacts (workspace_id, id) on delete set null (contact_id),
  constraint status_is_valid check (status in ('open', 'pending', 'closed')),
  constraint unread_count_is_not_negative check (unread_count >= 0),
  constraint metadata_is_object check (jsonb_typeof(metadata) = 'object')
) with (fillfactor = 80);
comment on table crm.conversations is 'One thread: a channel account with one participant.';
comment on column crm.conversations.last_inbound_at is
  'When the participant last wrote: the 24-hour reply window counts from here.

History from before the account was connected does not move it.';
comment on column crm.conversations.delivered_watermark is 'Everything we sent up to here has been delivered.';
comment on column crm.conversations.read_watermark is 'Everything we sent up to here has been read.';
comment on column crm.conversations.source_updated_at is 'The newest time the provider gave for the thread as a whole.';
comment on column crm.conversations.has_pending_effects is
  'Whether the next message has more effects: an event waits for its message, or the AI set a tag.

A new message reads it off the row that it updates anyway, as the row is after the wait for the lock. A look-up in the
same statement would show the state before the lock.';
comment on column crm.conversations.metadata is
  '`participant`: the participant as delivered, kept while contact_id is null.';
-- No index on columns that every message updates: the updates stay heap-only.
create index conversations_id_idx on crm.conversations (id);
create index conversations_contact_idx on crm.conversations (contact_id);
create index conversations_orphans_idx on crm.conversations (workspace_id, id) where contact_id is null;

create table crm.conversation_keys (
  workspace_id uuid not null,
  channel_account_id uuid not null,
  kind text not null,
  value text not null collate "C",
  conversation_id uuid not null,
  primary key (workspace_id, channel_account_id, kind, value),
  -- Deferred: a key is claimed before its conversation has a row, as an identity is (ADR 3).
  constraint conversation_fkey foreign key (workspace_id, channel_account_id, conversation_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade deferrable initially deferred,
  constraint kind_is_valid check (kind in ('participant', 'thread'))
);
comment on table crm.conversation_keys is
  'The dedup index of conversations: a thread id or participant points at one conversation of the account.';
comment on column crm.conversation_keys.value is
  'The provider''s thread id, or <identity kind>:<value> of the participant.';
create index conversation_keys_conversation_idx on crm.conversation_keys (conversation_id);

create table crm.conversation_merges (
  workspace_id uuid not null,
  duplicate_id uuid not null,
  channel_account_id uuid not null,
  survivor_id uuid not null,
  merged_at timestamptz not null default clock_timestamp(),
  primary key (workspace_id, duplicate_id),
  constraint survivor_fkey foreign key (workspace_id, channel_account_id, survivor_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade,
  constraint not_merged_into_itself check (survivor_id <> duplicate_id)
);
comment on table crm.conversation_merges is
  'Every conversation that turned out to be the same thread as another one and was merged into it.

The duplicate no longer has a row. A room above attaches here: a trigger on insert runs while the duplicate still has
its row and its references (ADR 29).';
comment on column crm.conversation_merges.survivor_id is
  'The conversation that has everything now. It follows when the survivor is merged away itself.';
create index conversation_merges_survivor_idx on crm.conversation_merges (survivor_id);

create table crm.conversation_tags (
  workspace_id uuid not null,
  conversation_id uuid not null,
  tag text not null,
  set_by text not null,
  set_at timestamptz not null default clock_timestamp(),
  primary key (workspace_id, conversation_id, tag),
  constraint conversation_fkey foreign key (workspace_id, conversation_id)
    references crm.conversations (workspace_id, id) on delete cascade,
  constraint set_by_is_valid check (set_by in ('human', 'ai')),
  constraint tag_is_valid check (tag = btrim(tag) and length(tag) between 1 and 100)
);
comment on table crm.conversation_tags is
  'Tags of a conversation. An inbound message removes those that the AI set before it occurred.';

create table crm.messages (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  channel_account_id uuid not null,
  conversation_id uuid not null,
  provider_message_id text not null collate "C",
  direction text not null,
  body text,
  attachments jsonb not null default '[]',
  reply_to text,
  status text,
  error jsonb,
  sent_at timestamptz not null,
  edit_count bigint not null default 0,
  unsent_at timestamptz,
  is_history boolean not null default false,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, channel_account_id, provider_message_id),
  constraint conversation_fkey foreign key (workspace_id, channel_account_id, conversation_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade,
  constraint provider_message_id_is_valid check (length(provider_message_id) between 1 and 512),
  constraint direction_is_valid check (direction in ('inbound', 'outbound')),
  constraint attachments_is_array check (jsonb_typeof(attachments) = 'array'),
  constraint payload_is_object check (jsonb_typeof(payload) = 'object'),
  constraint status_is_valid check (status in ('queued', 'sent', 'failed', 'delivered', 'read'))
);
comment on table crm.messages is
  'Something said, inbound or outbound, once per channel account and provider message id.';
comment on column crm.messages.status is
  'Of an outbound message: queued < sent < failed < delivered < read. It only rises. Null for an inbound one.

One exception: a copy with a finer time takes back what a watermark said of the whole second.';
comment on column crm.messages.error is 'Why a send failed, kept even if the provider later says it was delivered.';
comment on column crm.messages.edit_count is 'The number of the edit the body comes from; 0 for the original.';
comment on column crm.messages.unsent_at is
  'When the sender took it back. Body, attachments and payload are then gone for good.';
create index messages_conversation_idx on crm.messages (conversation_id, sent_at);

create table crm.contact_interaction_events (
  workspace_id uuid not null,
  id uuid not null default gen_random_uuid(),
  channel_account_id uuid not null,
  conversation_id uuid not null,
  contact_id uuid,
  message_id uuid,
  provider_message_id text collate "C",
  event_type text not null,
  event_key text not null collate "C",
  occurred_at timestamptz not null,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, channel_account_id, event_key),
  constraint conversation_fkey foreign key (workspace_id, channel_account_id, conversation_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade,
  constraint contact_fkey foreign key (workspace_id, contact_id)
    references crm.contacts (workspace_id, id) on delete set null (contact_id),
  constraint message_fkey foreign key (workspace_id, message_id)
    references crm.messages (workspace_id, id) on delete cascade,
  constraint payload_is_object check (jsonb_typeof(payload) = 'object'),
  constraint event_type_is_a_word check (event_type ~ '^[a-z][a-z0-9_]{0,39}$')
);
comment on table crm.contact_interaction_events is
  'Everything that happened in a conversation, once: messages, statuses, reactions, reads and any other event.';
comment on column crm.contact_interaction_events.event_key is
  'message:<id>, status:<id>:<status> or edit:<id>:<n>.

Any other event has <type>:<message id>:<milliseconds>:<hash of the payload>.';
-- These indexes lead with their own column, not with the workspace (ADR 7).
create index contact_interaction_events_conversation_idx
  on crm.contact_interaction_events (conversation_id, occurred_at);
create index contact_interaction_events_contact_idx on crm.contact_interaction_events (contact_id, occurred_at)
  where contact_id is not null;
create index contact_interaction_events_message_idx on crm.contact_interaction_events (message_id)
  where message_id is not null;
-- Early events only: those that came before their message. A new message looks its early events up here.
create index contact_interaction_events_early_idx on crm.contact_interaction_events (provider_message_id)
  where message_id is null and provider_message_id is not null;
-- Early events in order of arrival, for reconcile_contacts.
-- The condition on the type excludes no row; it keeps the planner from this index in the look-up above.
create index contact_interaction_events_early_since_idx
  on crm.contact_interaction_events (workspace_id, created_at, id)
  where message_id is null and provider_message_id is not null and event_type <> 'message';
