-- The parsed form of a delivery. Arrays of these are handed from phase
-- to phase: a temp table per call costs several times the work itself.
create type crm_private.inbound_item as (
  ordinal int,
  thread_id text,
  participant jsonb,
  source_time timestamptz,
  updated_at timestamptz,
  delivery text,
  problem text,
  problem_path text
);
comment on type crm_private.inbound_item is
  'One InboundItem: its place (from 1), the source''s time for the participant''s fields (null: unknown), what
identifies the delivery, and what was wrong with it, if anything.';

create type crm_private.item_identity as (
  ordinal int,
  kind text,
  scope text,
  value text,
  strength int,
  is_previous boolean,
  is_variant boolean
);
comment on type crm_private.item_identity is
  'An identity that an item gives its participant, canonical and not blocked. Strength: 1 is the strongest. is_previous:
one of the person''s old ids. is_variant: another way to write a phone number given, for look-up only; it is never
stored.';

create type crm_private.contact_result as (
  ordinal int,
  contact_id uuid,
  outcome text,
  error jsonb
);
comment on type crm_private.contact_result is 'What became of one item''s contact.';

create type crm_private.item_owner as (
  ordinal int,
  contact_id uuid
);
comment on type crm_private.item_owner is 'A contact that owns one of the item''s identities.';

create type crm_private.contact_change as (
  ordinal int,
  contact_id uuid,
  source_time timestamptz,
  columns jsonb,
  custom jsonb,
  sources jsonb,
  updates boolean,
  is_stale boolean,
  corrects boolean
);
comment on type crm_private.contact_change is
  'What an item changes about its contact: the fields that win (columns and custom attributes, null for none) and whence
each comes (sources, as field_sources keeps it); whether a value changes with it, whether all it says is old, and
whether it names another identification than the one that counts.';

create type crm_private.field_word as (
  ordinal int,
  source text,
  at timestamptz,
  value jsonb,
  delivery text
);
comment on type crm_private.field_word is
  'What one item (ordinal) says of a field of a contact: the value, its source, the source''s time, and the delivery.';
