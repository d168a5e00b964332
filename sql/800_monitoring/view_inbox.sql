create view crm.inbox with (security_invoker = true) as
select
  v.workspace_id,
  v.id as conversation_id,
  v.channel_account_id,
  a.channel,
  a.display_name as account,
  v.contact_id,
  coalesce(c.full_name, v.metadata -> 'participant' ->> 'full_name') as full_name,
  coalesce(c.needs_full_sync, false) as is_stub,
  v.status,
  v.unread_count,
  v.last_message_at,
  v.last_inbound_at,
  l.direction as last_direction,
  l.body as last_body,
  l.status as last_status,
  l.unsent_at is not null as last_is_unsent,
  (select coalesce(jsonb_agg(jsonb_build_object('tag', t.tag, 'set_by', t.set_by) order by t.tag), '[]')
    from crm.conversation_tags t
    where t.workspace_id = v.workspace_id and t.conversation_id = v.id) as tags,
  v.version
from crm.conversations v
join crm.channel_accounts a on a.workspace_id = v.workspace_id and a.id = v.channel_account_id
left join crm.contacts c on c.workspace_id = v.workspace_id and c.id = v.contact_id
left join lateral (
  select m.direction, m.body, m.status, m.unsent_at
  from crm.messages m
  where m.workspace_id = v.workspace_id and m.channel_account_id = v.channel_account_id and m.conversation_id = v.id
  order by m.sent_at desc, m.provider_message_id desc
  limit 1
) l on true;
comment on view crm.inbox is 'Who wrote to us, and what was said last? One row per conversation.';
