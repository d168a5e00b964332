create function crm_private.first_status(
  p_direction text,
  p_sent_at timestamptz,
  p_read_watermark timestamptz,
  p_delivered_watermark timestamptz
)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case
    when p_direction = 'inbound' then null
    when p_sent_at <= p_read_watermark then 'read'
    when p_sent_at <= p_delivered_watermark then 'delivered'
    else 'sent'
  end;
end;
$$;
comment on function crm_private.first_status(text, timestamptz, timestamptz, timestamptz) is
  'The status of a message when it is stored: what the conversation''s watermarks already say of its time.

Returns sent, delivered or read; null for an inbound message, which has no status.';
