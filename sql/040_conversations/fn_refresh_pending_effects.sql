create function crm_private.refresh_pending_effects(p_account crm.channel_accounts, p_conversation_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.conversations v set has_pending_effects = not v.has_pending_effects
  where v.workspace_id = p_account.workspace_id and v.id = any (p_conversation_ids)
    and v.has_pending_effects <> (
      exists (
        select from crm.contact_interaction_events e
        where e.conversation_id = v.id
          and e.message_id is null and e.provider_message_id is not null)
      or exists (
        select from crm.conversation_tags t
        where t.workspace_id = v.workspace_id and t.conversation_id = v.id and t.set_by = 'ai'));
end;
$$;
comment on function crm_private.refresh_pending_effects(crm.channel_accounts, uuid[]) is
  'Brings has_pending_effects of the conversations to what their events and tags say. The caller has locked them.';
