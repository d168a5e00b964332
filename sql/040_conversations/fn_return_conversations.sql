create function crm_private.return_conversations(p_merge crm.contact_merges)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_conversation record;
  v_keys record;
  v_owner uuid;
  v_new_id uuid;
begin
  perform l.id from crm.conversations l where l.contact_id = p_merge.survivor_id order by l.id for no key update;
  for v_conversation in
    select v.id, v.channel_account_id, v.created_at, a as account,
      p_merge.moved -> 'conversations' ? v.id::text as was_moved
    from crm.conversations v
    join crm.channel_accounts a on a.workspace_id = v.workspace_id and a.id = v.channel_account_id
    where v.contact_id = p_merge.survivor_id
    order by v.id
  loop
    -- The identities are returned already: they say whose keys the conversation has.
    -- An id that the survivor got after the merge follows the other keys.
    select array_agg(k.value)
        filter (where i.contact_id = p_merge.survivor_id and i.first_seen_at < p_merge.merged_at) as of_survivor,
      array_agg(k.value)
        filter (where i.contact_id = p_merge.survivor_id and i.first_seen_at >= p_merge.merged_at) as attached_since,
      array_agg(k.value) filter (where i.contact_id = p_merge.duplicate_id) as of_duplicate
    into v_keys
    from crm.conversation_keys k
    join crm.contact_identities i on i.contact_id in (p_merge.survivor_id, p_merge.duplicate_id)
      and k.value = i.kind || ':' || i.value
      and crm_private.identity_may_be_of_account(i.kind, i.scope, v_conversation.account)
    where k.conversation_id = v_conversation.id and k.kind = 'participant';

    v_owner := case
      when v_conversation.was_moved then p_merge.duplicate_id
      when v_keys.of_survivor is not null then p_merge.survivor_id
      when v_keys.of_duplicate is not null then p_merge.duplicate_id
      -- A chat that is known by its thread alone: by whose id of the account's chats, where only one of them has any.
      when v_conversation.created_at >= p_merge.merged_at
        and exists (
          select from crm.contact_identities i
          where i.contact_id = p_merge.duplicate_id and crm_private.kind_scopes() ->> i.kind = 'chats'
            and crm_private.identity_may_be_of_account(i.kind, i.scope, v_conversation.account))
        and not exists (
          select from crm.contact_identities i
          where i.contact_id = p_merge.survivor_id and crm_private.kind_scopes() ->> i.kind = 'chats'
            and crm_private.identity_may_be_of_account(i.kind, i.scope, v_conversation.account))
        then p_merge.duplicate_id
      else p_merge.survivor_id
    end;

    if v_owner = p_merge.duplicate_id then
      update crm.conversations v set contact_id = p_merge.duplicate_id
      where v.workspace_id = p_merge.workspace_id and v.id = v_conversation.id;
      update crm.contact_interaction_events e set contact_id = p_merge.duplicate_id
      where e.conversation_id = v_conversation.id;
      update crm.contact_identities i set contact_id = p_merge.duplicate_id
      where i.contact_id = p_merge.survivor_id and i.kind || ':' || i.value = any (v_keys.attached_since)
        and crm_private.identity_may_be_of_account(i.kind, i.scope, v_conversation.account);
    end if;

    -- A delivery had joined two conversations in this one. The contact that does not keep it continues in a new one.
    if v_keys.of_survivor is not null and v_keys.of_duplicate is not null then
      insert into crm.conversations (workspace_id, channel_account_id, contact_id)
      values (p_merge.workspace_id, v_conversation.channel_account_id,
        case v_owner when p_merge.duplicate_id then p_merge.survivor_id else p_merge.duplicate_id end)
      returning id into v_new_id;
      update crm.conversation_keys k set conversation_id = v_new_id
      where k.conversation_id = v_conversation.id and k.kind = 'participant'
        and k.value = any (case v_owner when p_merge.duplicate_id then v_keys.of_survivor else v_keys.of_duplicate end);
    end if;
  end loop;
end;
$$;
comment on function crm_private.return_conversations(crm.contact_merges) is
  'Gives the conversations that move_conversations moved, with their events, back to the duplicate.

It also gives those opened since under the duplicate''s identities, and the ids by which such a conversation became
known. The caller has locked both contacts and returned the identities.';
