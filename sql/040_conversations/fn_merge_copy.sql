create function crm_private.merge_copy(
  p_message crm.messages,
  p_body text,
  p_attachments jsonb,
  p_reply_to text,
  p_sent_at timestamptz,
  p_is_history boolean,
  p_payload jsonb
)
returns crm.messages
language plpgsql
immutable
set search_path = ''
as $$
begin
  -- The longer value wins, and of two equally long ones the greater: so the order of arrival does not matter.
  -- An edit outranks every copy. An unsent message takes no content from a copy.
  if p_message.unsent_at is null then
    if p_message.edit_count = 0 and p_body is not null
      and (p_message.body is null
        or row(length(p_body), p_body collate "C") > row(length(p_message.body), p_message.body collate "C")) then
      p_message.body := p_body;
    end if;
    if row(jsonb_array_length(p_attachments), p_attachments::text collate "C")
      > row(jsonb_array_length(p_message.attachments), p_message.attachments::text collate "C") then
      p_message.attachments := p_attachments;
    end if;
    p_message.payload := crm_private.merge_payloads(p_message.payload, p_payload);
  end if;
  p_message.reply_to := greatest(p_message.reply_to collate "C", p_reply_to collate "C");
  -- The earlier time wins, and within one second the finer one: a provider may give the same time in whole seconds.
  p_message.sent_at := case
    when date_bin('1 second', p_message.sent_at, 'epoch') = date_bin('1 second', p_sent_at, 'epoch')
      then greatest(p_message.sent_at, p_sent_at)
    else least(p_message.sent_at, p_sent_at)
  end;
  p_message.is_history := p_message.is_history and p_is_history;
  return p_message;
end;
$$;
comment on function crm_private.merge_copy(crm.messages, text, jsonb, text, timestamptz, boolean, jsonb) is
  'The message with what another copy of it knows: richer text and attachments, the earlier time, all payload.

Within one second the finer time wins. Joining in any order, and again, gives the same row.';
