create function crm_private.insert_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_are_new boolean[]
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into crm.conversations (workspace_id, id, channel_account_id, contact_id, unread_count, last_message_at,
    last_inbound_at, delivered_watermark, read_watermark, source_updated_at, metadata)
  select p_account.workspace_id, c.conversation_id, p_account.id, c.contact_id, c.unread, c.last_message_at,
    c.last_inbound_at, c.delivered_watermark, c.read_watermark, c.source_updated_at, c.metadata
  from crm_private.conversation_changes(
    p_account.workspace_id, p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
  join (
    select p_conversation_ids[n.ordinal] as id
    from unnest(p_are_new) with ordinality n (is_new, ordinal)
    where n.is_new
  ) n on n.id = c.conversation_id
  order by c.conversation_id;
end;
$$;
comment on function crm_private.insert_conversations(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[],
  uuid[], boolean[]
) is
  'Inserts the rows of the conversations that this transaction claimed, with what the delivery says of them.

Without a contact, the row keeps the participant as delivered.';
