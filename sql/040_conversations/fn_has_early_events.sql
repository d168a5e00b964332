create function crm_private.has_early_events(p_channel_account_id uuid, p_provider_message_id text)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  return exists (
    select
    from crm.contact_interaction_events e
    where e.provider_message_id = p_provider_message_id and e.message_id is null
      -- is not distinct from: ADR 7.
      and e.channel_account_id is not distinct from p_channel_account_id);
end;
$$;
comment on function crm_private.has_early_events(uuid, text) is
  'True when an event came before the message it speaks of.

Where a person has several ids, the event may lie in another conversation; the message does not see that one''s
has_pending_effects.';
