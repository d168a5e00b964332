create function crm_private.remove_answered_ai_tags(
  p_account crm.channel_accounts,
  p_stored crm_private.inbound_event[],
  p_conversation_ids uuid[],
  p_before crm.conversations[]
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_answered uuid[];
begin
  with answered as (
    delete from crm.conversation_tags t
    using (
      select v.id, max(s.occurred_at) as occurred_at
      from unnest(p_before) v
      join unnest(p_stored) s on p_conversation_ids[s.ordinal] = v.id
      where v.has_pending_effects and s.type = 'message' and s.direction = 'inbound'
      group by v.id
    ) m
    where t.workspace_id = p_account.workspace_id and t.conversation_id = m.id and t.set_by = 'ai'
      and t.set_at < m.occurred_at
    returning t.conversation_id
  )
  select array_agg(a.conversation_id) into v_answered from answered a;
  if v_answered is not null then
    perform crm_private.refresh_pending_effects(p_account, v_answered);
  end if;
end;
$$;
comment on function crm_private.remove_answered_ai_tags(
  crm.channel_accounts, crm_private.inbound_event[], uuid[], crm.conversations[]
) is
  'Removes the tags that the AI set before a new inbound message occurred.

p_before are the conversations as they were under lock.';
