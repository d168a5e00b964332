create function crm_private.apply_pending_effects(
  p_channel_account_id uuid,
  p_conversation_id uuid,
  p_provider_message_id text
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_account crm.channel_accounts;
begin
  select a.* into strict v_account from crm.channel_accounts a where a.id = p_channel_account_id;
  perform crm_private.apply_message_effects(v_account,
    crm_private.attach_early_events(v_account, array['message:' || p_provider_message_id]));

  delete from crm.conversation_tags t
  using crm.messages m
  where m.workspace_id = v_account.workspace_id and m.channel_account_id = v_account.id
    and m.provider_message_id = p_provider_message_id
    and m.direction = 'inbound'
    and t.workspace_id = v_account.workspace_id and t.conversation_id = p_conversation_id and t.set_by = 'ai'
    and t.set_at < m.sent_at;

  perform crm_private.refresh_pending_effects(v_account, array[p_conversation_id]);
end;
$$;
comment on function crm_private.apply_pending_effects(uuid, uuid, text) is
  'Applies what follows from a new message: events that waited for it, and the tags that it answers.

An inbound message removes the tags that the AI set before it.';
