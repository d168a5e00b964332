create function crm_private.attach_stranded_events(
  p_workspace_id uuid,
  p_after_at timestamptz,
  p_after_id uuid,
  p_limit int,
  out examined int,
  out attached int,
  out last_at timestamptz,
  out last_id uuid
)
language plpgsql
set search_path = ''
as $$
declare
  v_events crm.contact_interaction_events[];
  v_account crm.channel_accounts;
  v_keys text[];
  v_conversations uuid[];
  v_messages uuid[];
begin
  v_events := array(
    select e
    from crm.contact_interaction_events e
    where e.workspace_id = p_workspace_id and e.message_id is null and e.provider_message_id is not null
      and e.event_type <> 'message'
      and row(e.created_at, e.id) > row(p_after_at, p_after_id)
    order by e.created_at, e.id
    limit p_limit);
  examined := cardinality(v_events);
  last_at := (v_events[examined]).created_at;
  last_id := (v_events[examined]).id;
  attached := 0;

  for v_account in
    select a.*
    from crm.channel_accounts a
    where a.workspace_id = p_workspace_id and a.id in (select e.channel_account_id from unnest(v_events) e)
    order by a.id
  loop
    select array_agg(distinct 'message:' || e.provider_message_id),
      array_agg(distinct w.conversation_id order by w.conversation_id)
    into v_keys, v_conversations
    from unnest(v_events) e
    cross join lateral (
      select x.id
      from crm.messages x
      where x.workspace_id = p_workspace_id and x.channel_account_id = v_account.id
        and x.provider_message_id = e.provider_message_id
      offset 0
    ) m
    cross join lateral (
      select x.conversation_id
      from crm.contact_interaction_events x
      where x.provider_message_id = e.provider_message_id and x.message_id is null
        and x.workspace_id is not distinct from p_workspace_id
        and x.channel_account_id is not distinct from v_account.id
      offset 0
    ) w
    where e.channel_account_id = v_account.id;
    continue when v_keys is null;

    perform l.id
    from unnest(v_conversations) with ordinality i (id, place)
    cross join lateral (
      select v.id from crm.conversations v where v.workspace_id = p_workspace_id and v.id = i.id
      for no key update
    ) l;
    v_messages := crm_private.attach_early_events(v_account, v_keys);
    if cardinality(v_messages) > 0 then
      perform crm_private.refresh_pending_effects(v_account, v_conversations);
      perform crm_private.apply_message_effects(v_account, v_messages);
      attached := attached + cardinality(v_messages);
    end if;
  end loop;
end;
$$;
comment on function crm_private.attach_stranded_events(uuid, timestamptz, uuid, int) is
  'Ties events to messages that they missed, among the next p_limit events that wait for their message.

An event and its message miss each other when both arrive at the same moment through two conversations. It looks at
events that arrived after the place given. attached: how many messages had any. last_at, last_id: where the next call
resumes.';
