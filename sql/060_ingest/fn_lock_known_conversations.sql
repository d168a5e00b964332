create function crm_private.lock_known_conversations(p_channel_account_id uuid, p_items jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid[];
begin
  if jsonb_array_length(p_items) > 20 or p_items @? '$[*] ? (@.events.size() != 1 || @.events[0].type != "message" || @.participant.identities.size() != 1)' then
    return false;
  end if;
  select array_agg(k.conversation_id order by k.conversation_id) into v_ids
  from crm.channel_accounts a
  cross join jsonb_array_elements(p_items) i (item)
  cross join lateral (
    select x.conversation_id
    from crm.conversation_keys x
    where x.workspace_id = a.workspace_id and x.channel_account_id = a.id and x.kind = 'participant'
      and x.value = (i.item #>> '{participant,identities,0,kind}') || ':' || (i.item #>> '{participant,identities,0,value}')
    offset 0
  ) k
  where a.id = p_channel_account_id;
  if cardinality(v_ids) is distinct from jsonb_array_length(p_items) then
    return false;
  end if;
  perform
  from unnest(v_ids) with ordinality i (id, place)
  cross join crm.channel_accounts a
  cross join lateral (
    select from crm.conversations x where x.workspace_id = a.workspace_id and x.id = i.id
    for no key update
  ) l
  where a.id = p_channel_account_id;
  return true;
end;
$$;
comment on function crm_private.lock_known_conversations(uuid, jsonb) is
  'Locks, in id order, the conversations of up to 20 items of one message and one identity each. False, and nothing locked, when there are more items, when one has more in it, or when one''s conversation is not known.';
