create function crm_private.has_waiting_events(p_channel_account_id uuid, p_provider_message_id text)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  return exists (
    select
    from crm.contact_interaction_events e
    where e.provider_message_id = p_provider_message_id and e.message_id is null
      -- Written so, it offers the planner no other index to scan.
      and e.channel_account_id is not distinct from p_channel_account_id);
end;
$$;
comment on function crm_private.has_waiting_events(uuid, text) is
  'True when an event came before the message it speaks of. Where a person has several ids it may lie in another conversation, whose follow_up the message does not see.';
