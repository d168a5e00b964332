create function crm_private.attach_early_events(p_account crm.channel_accounts, p_message_keys text[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_waiting record;
  v_messages uuid[] := array[]::uuid[];
begin
  -- One by one: early events are few. The look-up that finds none has to be cheap.
  for v_waiting in
    select w.id, m.id as message_id
    from unnest(p_message_keys) k (key)
    cross join lateral (
      select e.id, e.provider_message_id
      from crm.contact_interaction_events e
      where e.provider_message_id = substr(k.key, length('message:') + 1) and e.message_id is null
        -- is not distinct from: ADR 7.
        and e.workspace_id is not distinct from p_account.workspace_id
        and e.channel_account_id is not distinct from p_account.id
      offset 0
    ) w
    cross join lateral (
      select x.id
      from crm.messages x
      where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id
        and x.provider_message_id = w.provider_message_id
      offset 0
    ) m
  loop
    update crm.contact_interaction_events e set message_id = v_waiting.message_id
    where e.workspace_id = p_account.workspace_id and e.id = v_waiting.id;
    v_messages := v_messages || v_waiting.message_id;
  end loop;
  return array(select distinct m.id from unnest(v_messages) m (id));
end;
$$;
comment on function crm_private.attach_early_events(crm.channel_accounts, text[]) is
  'Ties events that came before their message (a status, an edit, a reaction) to the messages with these event keys.

Returns the messages that had any.';
