create function crm_private.richer_messages(p_account crm.channel_accounts, p_copies crm_private.inbound_event[])
returns setof crm.messages
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with suspects as (
    select s.message, e.*
    from unnest(p_copies) e
    cross join lateral (
      select x as message
      from crm.messages x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.provider_message_id = e.provider_message_id
      offset 0
    ) s
    where e.body <> coalesce((s.message).body, '')
      or (e.attachments <> '[]' and e.attachments <> (s.message).attachments)
      or e.reply_to <> coalesce((s.message).reply_to, '')
      or e.occurred_at < (s.message).sent_at
      or ((s.message).is_history and not e.is_history)
      or (e.payload <> '{}' and (s.message).payload || e.payload <> (s.message).payload)
  )
  select j.*
  from suspects s
  cross join lateral crm_private.join_copy(s.message, s.body, s.attachments, s.reply_to, s.occurred_at, s.is_history, s.payload) j
  where j is distinct from s.message;
end;
$$;
comment on function crm_private.richer_messages(crm.channel_accounts, crm_private.inbound_event[]) is
  'The stored messages that one of the copies adds something to, as they are with it. Empty on a replay.';
