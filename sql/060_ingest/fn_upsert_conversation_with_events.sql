create function crm.upsert_conversation_with_events(p_channel_account_id uuid, p_item jsonb)
returns table (
  conversation_id uuid,
  contact_id uuid,
  version bigint,
  is_new boolean,
  contact_outcome text,
  events_inserted int,
  events_duplicate int,
  error jsonb
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  select b.conversation_id, b.contact_id, b.version, b.is_new, b.contact_outcome, b.events_inserted, b.events_duplicate,
    b.error
  from crm.bulk_upsert_conversations_with_events(p_channel_account_id, jsonb_build_array(p_item)) b;
end;
$$;
comment on function crm.upsert_conversation_with_events(uuid, jsonb) is
  'Ingests one InboundItem; see bulk_upsert_conversations_with_events.';
