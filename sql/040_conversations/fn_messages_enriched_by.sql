create function crm_private.messages_enriched_by(p_account crm.channel_accounts, p_copies crm_private.inbound_event[])
returns setof crm.messages
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select j.*
  from unnest(p_copies) e
  cross join lateral (
    select x as message
    from crm.messages x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
      and x.provider_message_id = e.provider_message_id
    offset 0
  ) s
  cross join lateral crm_private.merge_copy(s.message, e.body, e.attachments, e.reply_to, e.occurred_at,
    e.is_history, e.payload) j
  where j is distinct from s.message;
end;
$$;
comment on function crm_private.messages_enriched_by(crm.channel_accounts, crm_private.inbound_event[]) is
  'The stored messages that one of the copies adds something to, as they are with it. Empty on a replay.';
