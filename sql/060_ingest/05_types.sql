create type crm_private.ingest_result as (
  ordinal int,
  conversation_id uuid,
  contact_id uuid,
  version bigint,
  is_new boolean,
  contact_outcome text,
  events_inserted int,
  events_duplicate int,
  error jsonb
);
comment on type crm_private.ingest_result is 'What became of one item.';
