create function crm_private.read_b2chat_chat(
  p_record jsonb,
  p_account crm.channel_accounts,
  p_time_zone text,
  p_now timestamptz,
  out participant jsonb,
  out events jsonb,
  out updated_at timestamptz,
  out closed_at timestamptz,
  out problem_path text
)
language plpgsql
stable
set search_path = ''
as $$
declare
  -- {our field: B2Chat's}. The contacts export names them differently.
  v_names constant jsonb := '{"full_name": "name", "identification": "identification", "email": "email",
    "mobile": "mobile_number", "landline": "phone_number"}'::jsonb;
  v_times constant text[] := '{created_at,opened_at,picked_up_at,response_at,closed_at}'::text[];
  v_contact jsonb := nullif(p_record -> 'contact', 'null');
  v_id jsonb := v_contact -> 'id';
  v_state_at timestamptz;
  v_state jsonb;
begin
  problem_path := coalesce(
    '$.' || crm_private.first_wrong_type(p_record, '{"contact": "object", "messages": "array", "agent": "object",
      "status": "string", "provider": "string", "alias": "string", "department": "string", "created_at": "string",
      "opened_at": "string", "picked_up_at": "string", "response_at": "string", "closed_at": "string"}'),
    '$.' || crm_private.first_unreadable_time(p_record, v_times, p_time_zone),
    '$.contact.' || crm_private.first_wrong_type(v_contact, '{"id": "string number", "name": "string number",
      "mobile_number": "string number", "phone_number": "string number", "email": "string number",
      "identification": "string number", "custom_attributes": "array", "tags": "array"}'),
    case
      when jsonb_typeof(v_id) = 'number' and v_id::text !~ '^[0-9]+$' or length(v_id #>> '{}') > 256 then '$.contact.id'
    end,
    '$.contact' || crm_private.b2chat_tags_and_attributes_problem(v_contact),
    crm_private.b2chat_message_problem(p_record -> 'messages', p_time_zone));
  if problem_path is not null then
    return;
  end if;

  if v_contact is not null then
    participant := crm_private.b2chat_tags_and_attributes(v_contact)
      || (select coalesce(jsonb_object_agg(n.ours, v_contact -> n.theirs), '{}')
        from jsonb_each_text(v_names) n (ours, theirs))
      || jsonb_build_object('identities', case
        when btrim(v_id #>> '{}') <> '' then jsonb_build_array(jsonb_build_object(
          'kind', 'b2chat_id', 'value', v_id #>> '{}',
          'scope', crm_private.chat_contact_scope(p_account)))
        else '[]'
      end);
    select '$.contact.' || coalesce(v_names ->> w.field, w.field) into problem_path
    from (
      select ltrim(min(p.path collate "C"), '.') as field
      from crm_private.participant_problems(array[participant]) p
    ) w;
    if problem_path is not null then
      return;
    end if;
  end if;

  events := crm_private.read_b2chat_messages(
    crm_private.raw_record_id('chats', p_record), p_record -> 'messages', p_time_zone, p_account.created_at);

  -- Skip impossible times: with one of them as its newest time, the chat would win over every later delivery.
  select max(t.at) into v_state_at
  from (select crm_private.zoned_time(p_record ->> f.field, p_time_zone) as at from unnest(v_times) f (field)) t
  where t.at between '2004-01-01 00:00:00+00' and p_now + interval '24 hours';
  select greatest(v_state_at, max(t.at)) into updated_at
  from (select (e.value ->> 'occurred_at')::timestamptz as at from jsonb_array_elements(events) e) t
  where t.at between '2004-01-01 00:00:00+00' and p_now + interval '24 hours';

  v_state := jsonb_strip_nulls(jsonb_build_object('status', p_record -> 'status',
    'department', p_record -> 'department', 'agent', p_record -> 'agent', 'provider', p_record -> 'provider',
    'alias', p_record -> 'alias'));
  if v_state_at is not null and v_state <> '{}' then
    events := events || jsonb_build_object('type', 'chat_state', 'payload', v_state,
      'occurred_at', to_char(timezone('UTC', v_state_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
  end if;
  if p_record ->> 'status' in ('CLOSED', 'COMPLETED_POLL', 'ABANDONED_POLL') then
    closed_at := crm_private.plausible_time(crm_private.zoned_time(p_record ->> 'closed_at', p_time_zone));
  end if;
end;
$$;
comment on function crm_private.read_b2chat_chat(jsonb, crm.channel_accounts, text, timestamptz) is
  'Reads a record of B2Chat''s chats export. Times without a zone are read in p_time_zone.

Returns the parts of an InboundItem: the participant (null when the chat names none), the events (messages in order,
then the state with agent and department), the newest time in it, and when it was closed. Or, in problem_path, the JSON
path of what is wrong with it.
Fields: https://b2chat.gitbook.io/b2chat-platform-api-docs/chats/exportar-chats';
