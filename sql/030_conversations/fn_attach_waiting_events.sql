create function crm_private.attach_waiting_events(p_account crm.channel_accounts, p_message_keys text[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_messages uuid[];
begin
  with attached as (
    update crm.contact_interaction_events e set message_id = m.id
    from unnest(p_message_keys) k (key)
    cross join lateral (
      select w.id, w.provider_message_id
      from crm.contact_interaction_events w
      where w.workspace_id = p_account.workspace_id and w.channel_account_id = p_account.id
        and w.provider_message_id = substr(k.key, length('message:') + 1)
        and w.message_id is null
      offset 0
    ) w
    join crm.messages m on m.workspace_id = p_account.workspace_id and m.channel_account_id = p_account.id
      and m.provider_message_id = w.provider_message_id
    where e.workspace_id = p_account.workspace_id and e.id = w.id
    returning e.message_id
  )
  select coalesce(array_agg(distinct a.message_id), '{}') into v_messages from attached a;
  return v_messages;
end;
$$;
comment on function crm_private.attach_waiting_events(crm.channel_accounts, text[]) is
  'Ties events that came before their message (a status, an edit, a reaction) to the messages with these event keys; returns the messages that had any.';
