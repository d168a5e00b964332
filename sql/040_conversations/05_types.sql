create type crm_private.inbound_event as (
  ordinal int,
  index int,
  type text,
  key text,
  provider_message_id text,
  occurred_at timestamptz,
  direction text,
  body text,
  attachments jsonb,
  reply_to text,
  status text,
  edit_number bigint,
  watermark timestamptz,
  is_history boolean,
  payload jsonb,
  problem text,
  problem_path text
);
comment on type crm_private.inbound_event is
  'One event of an item (ordinal), with its event_key and what is wrong with it, if anything.

index is its place in events, from 0.';

create type crm_private.item_key as (
  ordinal int,
  kind text,
  value text
);
comment on type crm_private.item_key is 'A key that names the conversation of an item.';

create type crm_private.item_conversation as (
  ordinal int,
  conversation_id uuid
);
comment on type crm_private.item_conversation is 'A conversation that one of the item''s keys points at.';
