create function crm_private.conversation_metadata(
  p_contact_id uuid,
  p_metadata jsonb,
  p_new_contact_id uuid,
  p_participant jsonb,
  p_participant_at timestamptz
)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case
    when coalesce(p_contact_id, p_new_contact_id) is not null then p_metadata - 'participant' - 'participant_at'
    when p_participant is null then p_metadata
    when row(coalesce(p_participant_at, '-infinity'), p_participant::text collate "C")
      > row(coalesce((p_metadata ->> 'participant_at')::timestamptz, '-infinity'),
        coalesce(p_metadata ->> 'participant', '') collate "C")
      then p_metadata || jsonb_build_object('participant', p_participant, 'participant_at', p_participant_at)
    else p_metadata
  end;
end;
$$;
comment on function crm_private.conversation_metadata(uuid, jsonb, uuid, jsonb, timestamptz) is
  'The conversation''s metadata after a delivery: without a contact it keeps the newest participant as delivered.

With a contact it keeps none.';
