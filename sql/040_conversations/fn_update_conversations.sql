create function crm_private.update_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_before crm.conversations[]
)
returns void
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_linked uuid[];
  v_moved uuid[];
begin
  with updated as (
    update crm.conversations v set
      contact_id = coalesce(v.contact_id, c.contact_id),
      status = crm_private.status_after_inbound(v.status, v.status_changed_at, c.newest_unread_at),
      unread_count = v.unread_count + c.unread,
      last_message_at = greatest(v.last_message_at, c.last_message_at),
      last_inbound_at = greatest(v.last_inbound_at, c.last_inbound_at),
      delivered_watermark = greatest(v.delivered_watermark, c.delivered_watermark),
      read_watermark = greatest(v.read_watermark, c.read_watermark),
      source_updated_at = greatest(v.source_updated_at, c.source_updated_at),
      metadata = c.metadata
    from crm_private.conversation_changes(
      p_account.workspace_id, p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
    join unnest(p_before) b on b.id = c.conversation_id
    -- is not distinct from: ADR 7.
    where v.id = c.conversation_id and v.workspace_id is not distinct from p_account.workspace_id and c.changes
    returning v.id, b.contact_id is null and v.contact_id is not null as linked,
      v.delivered_watermark is distinct from b.delivered_watermark
        or v.read_watermark is distinct from b.read_watermark as moved
  )
  select array_agg(u.id) filter (where u.linked), array_agg(u.id) filter (where u.moved)
  into v_linked, v_moved
  from updated u;

  if v_linked is not null then
    update crm.contact_interaction_events e set contact_id = v.contact_id
    from unnest(v_linked) i (id)
    cross join lateral (
      select x.id, x.contact_id
      from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id offset 0
    ) v
    where e.conversation_id = v.id
      and e.contact_id is distinct from v.contact_id;
  end if;
  if v_moved is not null then
    perform crm_private.apply_watermarks(p_account, array(select b from unnest(p_before) b where b.id = any (v_moved)));
  end if;
end;
$$;
comment on function crm_private.update_conversations(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[],
  uuid[], crm.conversations[]
) is
  'Brings existing conversations to what the delivery says. Writes nothing where nothing changes.

It links an orphan with its events, reopens a closed conversation when something unread came after it was closed, and
marks what was sent up to a watermark. p_before are the rows as they were under lock.';
