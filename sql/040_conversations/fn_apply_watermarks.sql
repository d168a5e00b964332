create function crm_private.apply_watermarks(p_account crm.channel_accounts, p_conversations crm.conversations[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update crm.messages m set status = case when m.sent_at <= v.read_watermark then 'read' else 'delivered' end
  from unnest(p_conversations) o
  cross join lateral (
    select x.id, x.read_watermark, x.delivered_watermark
    from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = o.id
    offset 0
  ) v
  where m.conversation_id = v.id
    and m.direction = 'outbound'
    and ((m.sent_at <= v.read_watermark and m.sent_at > coalesce(o.read_watermark, '-infinity') and m.status <> 'read')
      or (m.sent_at <= v.delivered_watermark and m.sent_at > coalesce(o.delivered_watermark, '-infinity')
        and m.status in ('queued', 'sent', 'failed')));
end;
$$;
comment on function crm_private.apply_watermarks(crm.channel_accounts, crm.conversations[]) is
  'Marks outbound messages up to the conversations'' watermarks as delivered or read.

p_conversations are the rows as they were before. It looks only at messages between the old watermark and the new one.';
