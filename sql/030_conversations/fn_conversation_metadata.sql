create function crm_private.conversation_metadata(p_conversation crm.conversations, p_contact_id uuid, p_participant jsonb, p_participant_at timestamptz)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case
    when coalesce(p_conversation.contact_id, p_contact_id) is not null then p_conversation.metadata - 'participant' - 'participant_at'
    when p_participant is null then p_conversation.metadata
    when row(coalesce(p_participant_at, '-infinity'), p_participant::text collate "C")
      > row(coalesce((p_conversation.metadata ->> 'participant_at')::timestamptz, '-infinity'),
        coalesce(p_conversation.metadata ->> 'participant', '') collate "C")
      then p_conversation.metadata || jsonb_build_object('participant', p_participant, 'participant_at', p_participant_at)
    else p_conversation.metadata
  end;
end;
$$;
comment on function crm_private.conversation_metadata(crm.conversations, uuid, jsonb, timestamptz) is
  'The conversation''s metadata after a delivery: without a contact it keeps the newest participant as delivered, with one it keeps none.';
