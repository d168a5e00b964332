create function crm_private.status_after_inbound(
  p_status text,
  p_status_changed_at timestamptz,
  p_inbound_at timestamptz
)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_status = 'closed' and p_inbound_at > coalesce(p_status_changed_at, '-infinity') then 'open'
    else p_status
  end;
end;
$$;
comment on function crm_private.status_after_inbound(text, timestamptz, timestamptz) is
  'The status of a conversation in which the participant wrote at p_inbound_at: that reopens a closed one.

A message from before the conversation was closed, and a null time, change nothing.';
