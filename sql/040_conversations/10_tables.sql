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
  follow_up boolean not null default false,
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
comment on column crm.conversations.last_inbound_at is 'When the participant last wrote to us: the 24-hour reply window counts from here. History from before the account was connected does not move it.';
comment on column crm.conversations.delivered_watermark is 'Everything we sent up to here has been delivered.';
comment on column crm.conversations.read_watermark is 'Everything we sent up to here has been read.';
comment on column crm.conversations.source_updated_at is 'The newest time the provider gave for the thread as a whole.';
comment on column crm.conversations.follow_up is 'Whether the next message has more to do than be stored: an event came before the message it speaks of, or the AI set a tag. A new message reads it off the row it updates anyway, as it is after waiting for the lock: a look-up in the same statement would be older than the lock.';
comment on column crm.conversations.metadata is '`participant`: the participant as delivered, kept while contact_id is null.';
-- Columns touched by every message are not indexed: updates stay heap-only.
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
  -- Claimed before the conversation's row exists, as identities are.
  constraint conversation_fkey foreign key (workspace_id, channel_account_id, conversation_id)
    references crm.conversations (workspace_id, channel_account_id, id) on delete cascade deferrable initially deferred,
  constraint kind_is_valid check (kind in ('participant', 'thread'))
);
comment on table crm.conversation_keys is 'The dedup index of conversations: one thread id or participant points at one conversation of the account.';
comment on column crm.conversation_keys.value is 'The provider''s thread id, or <identity kind>:<value> of the participant.';
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
comment on table crm.conversation_merges is 'Every conversation that turned out to be the same thread as another one, and was merged into it. The duplicate has no row any more.
A room above attaches here: a trigger on insert runs while the duplicate still has its row and its references (ADR 29).';
comment on column crm.conversation_merges.survivor_id is 'The conversation that has everything now: it follows when the survivor is merged away itself.';
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
comment on table crm.conversation_tags is 'Tags of a conversation. An inbound message removes those the AI set before it occurred.';

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
comment on table crm.messages is 'Something said, inbound or outbound, once per channel account and provider message id.';
comment on column crm.messages.status is 'Of an outbound message: queued < sent < failed < delivered < read, only ever raised; except that a copy with a finer time takes back what a watermark said of the whole second. Null for an inbound one.';
comment on column crm.messages.error is 'Why a send failed, kept even if the provider later says it was delivered.';
comment on column crm.messages.edit_count is 'The number of the edit the body comes from; 0 for the original.';
comment on column crm.messages.unsent_at is 'When the sender took it back: body, attachments and payload are then gone for good.';
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
comment on table crm.contact_interaction_events is 'Everything that happened in a conversation, once: messages, statuses, reactions, postbacks, referrals, reads and whatever else a provider tells.';
comment on column crm.contact_interaction_events.event_key is 'message:<id>, status:<id>:<status>, edit:<id>:<n>, otherwise type:<message id>:<milliseconds>:<hash of the payload>.';
-- These lead with the column they are for, not with the workspace: an index that shares its first columns with the unique key would
-- be taken for it while the statistics are young, and a look-up by key would read the whole account.
create index contact_interaction_events_conversation_idx on crm.contact_interaction_events (conversation_id, occurred_at);
create index contact_interaction_events_contact_idx on crm.contact_interaction_events (contact_id, occurred_at) where contact_id is not null;
create index contact_interaction_events_message_idx on crm.contact_interaction_events (message_id) where message_id is not null;
-- Small: only events that came before the message they speak of. A new message looks here for what is already known of it.
create index contact_interaction_events_waiting_idx on crm.contact_interaction_events (provider_message_id)
  where message_id is null and provider_message_id is not null;
-- The same in order of arrival, for reconcile_contacts. A message has no such event: said here, this keeps the index from serving the look-up above.
create index contact_interaction_events_waiting_since_idx on crm.contact_interaction_events (workspace_id, created_at, id)
  where message_id is null and provider_message_id is not null and event_type <> 'message';
