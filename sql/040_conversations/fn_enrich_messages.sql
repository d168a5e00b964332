create function crm_private.enrich_messages(
  p_account crm.channel_accounts,
  p_copies crm_private.inbound_event[],
  p_locked uuid[]
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_copy crm_private.inbound_event;
  v_message crm.messages;
  v_status text;
  v_is_withdrawn boolean;
begin
  -- Lock in a statement of its own: the next statement then reads the messages as they are under lock.
  -- A delivery to another conversation may bring the same message.
  perform l.id
  from (select distinct c.provider_message_id as id from unnest(p_copies) c order by 1) i
  cross join lateral (
    select x.id
    from crm.messages x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
      and x.provider_message_id = i.id
    for no key update
  ) l;

  for v_copy in
    select c.*
    from unnest(p_copies) c
    where c.provider_message_id in (
      select r.provider_message_id from crm_private.messages_enriched_by(p_account, p_copies) r)
  loop
    -- Read again: an earlier copy of this loop may have enriched the same message.
    for v_message in select r.* from crm_private.messages_enriched_by(p_account, array[v_copy]) r loop
      update crm.conversations v set unread_count = v.unread_count + 1,
        status = crm_private.status_after_inbound(v.status, v.status_changed_at, v_message.sent_at)
      from crm.messages m
      where m.workspace_id = p_account.workspace_id and m.id = v_message.id
        and m.is_history and not v_message.is_history and m.direction = 'inbound'
        and v.workspace_id = m.workspace_id and v.id = m.conversation_id;

      -- A watermark may lie between the whole second and the finer time: then the status that it gave is withdrawn.
      select s.status, s.status <> m.status and s.status <> 'read' and m.status in ('delivered', 'read')
      into v_status, v_is_withdrawn
      from crm.messages m
      join crm.conversations v on v.workspace_id = m.workspace_id and v.id = m.conversation_id
      cross join lateral (
        select crm_private.first_status(
          m.direction, v_message.sent_at, v.read_watermark, v.delivered_watermark) as by_watermarks
        offset 0
      ) w
      cross join lateral (
        select
          case
            -- Only under lock: another delivery may be moving the watermarks of a conversation that is not locked.
            when v.id = any (p_locked) and (
              m.status = 'read' and m.sent_at <= v.read_watermark
              or m.status = 'delivered' and m.sent_at <= v.delivered_watermark) then w.by_watermarks
            when w.by_watermarks = 'read'
              or w.by_watermarks = 'delivered' and m.status in ('queued', 'sent', 'failed') then w.by_watermarks
            else m.status
          end as status
      ) s
      where m.workspace_id = p_account.workspace_id and m.id = v_message.id;

      update crm.messages m set
        body = v_message.body,
        attachments = v_message.attachments,
        reply_to = v_message.reply_to,
        sent_at = v_message.sent_at,
        is_history = v_message.is_history,
        payload = v_message.payload,
        status = v_status
      where m.workspace_id = p_account.workspace_id and m.id = v_message.id;
      if v_is_withdrawn then
        -- The events of the message itself still count.
        perform crm_private.apply_message_effects(p_account, array[v_message.id]);
      end if;

      update crm.contact_interaction_events e set occurred_at = v_message.sent_at
      -- is not distinct from: ADR 7.
      where e.message_id = v_message.id and e.workspace_id is not distinct from p_account.workspace_id
        and e.event_type = 'message'
        and e.occurred_at <> v_message.sent_at;
    end loop;
  end loop;
end;
$$;
comment on function crm_private.enrich_messages(crm.channel_accounts, crm_private.inbound_event[], uuid[]) is
  'Gives stored messages what later copies of them know.

It works one by one, because copies that add something are few. A finer time also decides again what the watermarks say
of the message. p_locked are the conversations that the caller has locked: all of them, unless a copy turned up only
when the messages were stored.';
