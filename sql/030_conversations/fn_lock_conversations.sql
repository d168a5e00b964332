create function crm_private.lock_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_copies crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_are_new boolean[]
)
returns crm.conversations[]
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid[];
  v_locked crm.conversations[];
begin
  select array_agg(v.id) into v_ids
  from crm_private.conversation_changes(p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
  join crm.conversations v on v.workspace_id = p_account.workspace_id and v.id = c.conversation_id
  where not exists (select from unnest(p_conversation_ids, p_are_new) n (id, is_new) where n.is_new and n.id = v.id)
    and ((v.contact_id is null and c.contact_id is not null)
      or c.last_message_at > coalesce(v.last_message_at, '-infinity')
      or c.last_inbound_at > coalesce(v.last_inbound_at, '-infinity')
      or c.delivered_watermark > coalesce(v.delivered_watermark, '-infinity')
      or c.read_watermark > coalesce(v.read_watermark, '-infinity')
      or c.source_updated_at > coalesce(v.source_updated_at, '-infinity')
      or v.metadata <> crm_private.conversation_metadata(v, c.contact_id, c.participant, c.participant_at)
      or exists (select from unnest(p_stored) s where p_conversation_ids[s.ordinal] = v.id)
      or exists (select from crm_private.richer_messages(p_account, p_copies) r where r.conversation_id = v.id));

  if v_ids is null then
    return null;
  end if;
  select array_agg(l.conversation order by (l.conversation).id) into v_locked
  from (
    select v as conversation
    from crm.conversations v
    where v.workspace_id = p_account.workspace_id and v.id = any (v_ids)
    order by v.id
    for no key update
  ) l;
  return v_locked;
end;
$$;
comment on function crm_private.lock_conversations(crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[], uuid[], boolean[]) is
  'Locks the conversations that were there before and that this delivery changes, in id order; returns their rows under lock, null when there is none.';
