create function crm_private.remove_answered_ai_tags(p_account crm.channel_accounts, p_stored crm_private.inbound_event[], p_conversation_ids uuid[])
returns void
language sql
set search_path = ''
as $$
  delete from crm.conversation_tags t
  using (
    select p_conversation_ids[s.ordinal] as id, max(s.occurred_at) as occurred_at
    from unnest(p_stored) s
    where s.type = 'message' and s.direction = 'inbound'
    group by 1
  ) m
  where t.workspace_id = p_account.workspace_id and t.conversation_id = m.id and t.set_by = 'ai' and t.set_at < m.occurred_at;
$$;
comment on function crm_private.remove_answered_ai_tags(crm.channel_accounts, crm_private.inbound_event[], uuid[]) is
  'Removes the tags that the AI set before a new inbound message occurred.';
