create function crm_private.merge_conversation_rows(
  p_account crm.channel_accounts,
  p_survivor_id uuid,
  p_duplicate_id uuid
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_survivor crm.conversations;
  v_duplicate crm.conversations;
begin
  select v.* into strict v_duplicate
  from crm.conversations v
  where v.workspace_id = p_account.workspace_id and v.id = p_duplicate_id;

  -- First: a trigger of a room above moves its own rows while the duplicate's row still exists (ADR 29).
  insert into crm.conversation_merges (workspace_id, channel_account_id, survivor_id, duplicate_id)
  values (p_account.workspace_id, p_account.id, p_survivor_id, p_duplicate_id);
  update crm.conversation_merges x set survivor_id = p_survivor_id
  where x.survivor_id = p_duplicate_id;

  update crm.messages m set conversation_id = p_survivor_id
  where m.conversation_id = p_duplicate_id;

  update crm.contact_interaction_events e set conversation_id = p_survivor_id
  where e.conversation_id = p_duplicate_id;

  update crm.conversation_keys k set conversation_id = p_survivor_id
  where k.conversation_id = p_duplicate_id;

  insert into crm.conversation_tags as s (workspace_id, conversation_id, tag, set_by, set_at)
  select t.workspace_id, p_survivor_id, t.tag, t.set_by, t.set_at
  from crm.conversation_tags t
  where t.workspace_id = p_account.workspace_id and t.conversation_id = p_duplicate_id
  on conflict (workspace_id, conversation_id, tag) do update set set_by = excluded.set_by, set_at = excluded.set_at
  where s.set_by = 'ai' and (excluded.set_by = 'human' or excluded.set_at > s.set_at);

  update crm.conversations v set
    contact_id = coalesce(v.contact_id, v_duplicate.contact_id),
    -- The later decision counts. A message after both decisions reopens, whichever side was closed.
    status = case
      when 'closed' in (v.status, v_duplicate.status)
        and crm_private.status_after_inbound('closed', greatest(v.status_changed_at, v_duplicate.status_changed_at),
          greatest(v.last_inbound_at, v_duplicate.last_inbound_at)) = 'open' then 'open'
      when coalesce(v_duplicate.status_changed_at, '-infinity') > coalesce(v.status_changed_at, '-infinity')
        then v_duplicate.status
      else v.status
    end,
    status_changed_at = greatest(v.status_changed_at, v_duplicate.status_changed_at),
    unread_count = v.unread_count + v_duplicate.unread_count,
    last_message_at = greatest(v.last_message_at, v_duplicate.last_message_at),
    last_inbound_at = greatest(v.last_inbound_at, v_duplicate.last_inbound_at),
    delivered_watermark = greatest(v.delivered_watermark, v_duplicate.delivered_watermark),
    read_watermark = greatest(v.read_watermark, v_duplicate.read_watermark),
    source_updated_at = greatest(v.source_updated_at, v_duplicate.source_updated_at),
    has_pending_effects = v.has_pending_effects or v_duplicate.has_pending_effects,
    metadata = crm_private.conversation_metadata(v.contact_id, v_duplicate.metadata || v.metadata,
      v_duplicate.contact_id,
      v_duplicate.metadata -> 'participant', (v_duplicate.metadata ->> 'participant_at')::timestamptz)
  where v.workspace_id = p_account.workspace_id and v.id = p_survivor_id;

  delete from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = p_duplicate_id;

  select v.* into strict v_survivor
  from crm.conversations v
  where v.workspace_id = p_account.workspace_id and v.id = p_survivor_id;

  update crm.contact_interaction_events e set contact_id = v_survivor.contact_id
  where e.conversation_id = p_survivor_id and e.contact_id is distinct from v_survivor.contact_id;

  -- An early event of one side may belong to a message of the other.
  perform crm_private.apply_message_effects(p_account, crm_private.attach_early_events(p_account, array(
    select 'message:' || e.provider_message_id
    from crm.contact_interaction_events e
    where e.conversation_id = p_survivor_id and e.message_id is null and e.provider_message_id is not null)));

  -- A message of one side answers the tags that the AI set before it on the other.
  delete from crm.conversation_tags t
  where t.workspace_id = p_account.workspace_id and t.conversation_id = p_survivor_id and t.set_by = 'ai'
    and t.set_at < (
      select max(m.sent_at) from crm.messages m where m.conversation_id = p_survivor_id and m.direction = 'inbound');
  perform crm_private.refresh_pending_effects(p_account, array[p_survivor_id]);

  v_survivor.delivered_watermark := null;
  v_survivor.read_watermark := null;
  perform crm_private.apply_watermarks(p_account, array[v_survivor]);
end;
$$;
comment on function crm_private.merge_conversation_rows(crm.channel_accounts, uuid, uuid) is
  'Moves messages, events, keys and tags to the survivor, joins the two rows and deletes the duplicate''s.

The caller has locked both.';
