create function crm_private.resolve_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_keys crm_private.item_key[],
  p_will_link boolean,
  p_contact_ids uuid[],
  out conversation_ids uuid[],
  out are_new boolean[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_found crm_private.item_conversation[];
  v_unclaimed crm_private.item_key[];
  v_again crm_private.item_conversation[];
  v_new_ids uuid[];
  v_claimed boolean := false;
  v_ordinal int;
  v_survivor uuid;
  v_owner uuid;
  v_other record;
  v_is_gone boolean;
begin
  conversation_ids := array_fill(null::uuid, array[cardinality(p_items)]);
  are_new := array_fill(false, array[cardinality(p_items)]);
  select l.conversations, l.unclaimed into v_found, v_unclaimed from crm_private.look_up_keys(p_account, p_keys) l;

  if (p_will_link and cardinality(v_unclaimed) > 0)
    or exists (select from unnest(v_found) f group by f.ordinal having count(*) > 1) then
    -- Lock the conversations in id order. Claim the unclaimed keys in sorted order, for a conversation that another
    -- key of the item names, or for one that gets its row later.
    -- Read the keys again under lock: a merge may have committed while this transaction waited.
    v_new_ids := array(select gen_random_uuid() from generate_series(1, cardinality(p_items)));
    loop
      perform l.id
      from (select distinct f.conversation_id from unnest(v_found) f order by f.conversation_id) i
      cross join lateral (
        select v.id from crm.conversations v where v.workspace_id = p_account.workspace_id and v.id = i.conversation_id
        for no key update
      ) l;

      select l.conversations, l.unclaimed into v_again, v_unclaimed from crm_private.look_up_keys(p_account, p_keys) l;
      if v_again is distinct from v_found then
        if not v_claimed then
          raise exception using errcode = 'serialization_failure',
            message = 'A conversation was merged away meanwhile.';
        end if;
        v_found := v_again;
        continue;
      end if;
      exit when v_claimed;

      insert into crm.conversation_keys (workspace_id, channel_account_id, kind, value, conversation_id)
      select p_account.workspace_id, p_account.id, n.kind, n.value, coalesce(n.conversation_id, v_new_ids[n.ordinal])
      from (
        select distinct on (k.kind, k.value) k.kind, k.value, k.ordinal, f.conversation_id
        from unnest(v_unclaimed) k
        left join unnest(v_found) f on f.ordinal = k.ordinal
        order by k.kind, k.value, k.ordinal, f.conversation_id
      ) n
      order by n.kind, n.value
      on conflict (workspace_id, channel_account_id, kind, value) do nothing;
      v_claimed := true;
      select l.conversations into v_found from crm_private.look_up_keys(p_account, p_keys) l;
    end loop;

    -- An item with keys of several conversations merges them into the oldest; those of two contacts stay two.
    for v_ordinal in
      select f.ordinal from unnest(v_found) f group by f.ordinal having count(*) > 1 order by f.ordinal
    loop
      v_survivor := null;
      for v_other in
        select f.conversation_id as id, v.is_there, v.contact_id
        from crm_private.look_up_keys(p_account, p_keys) l
        cross join lateral unnest(l.conversations) f
        left join lateral (
          select true as is_there, x.created_at, x.contact_id
          from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = f.conversation_id offset 0
        ) v on true
        where f.ordinal = v_ordinal
          and (v.contact_id is null or p_contact_ids[v_ordinal] is null or v.contact_id = p_contact_ids[v_ordinal])
        order by v.created_at nulls last, f.conversation_id
      loop
        if v_survivor is null then
          v_survivor := v_other.id;
          v_owner := v_other.contact_id;
        elsif v_owner <> v_other.contact_id then
          continue;
        elsif v_other.is_there then
          perform crm_private.merge_conversation_rows(p_account, v_survivor, v_other.id);
          v_owner := coalesce(v_owner, v_other.contact_id);
        else
          update crm.conversation_keys k set conversation_id = v_survivor
          where k.workspace_id = p_account.workspace_id and k.channel_account_id = p_account.id
            and k.conversation_id = v_other.id;
        end if;
      end loop;
    end loop;
    -- Where conversations of two contacts remain, the item belongs to the one of its own contact.
    v_found := array(
      select distinct on (f.ordinal) row(f.ordinal, f.conversation_id)::crm_private.item_conversation
      from crm_private.look_up_keys(p_account, p_keys) l
      cross join lateral unnest(l.conversations) f
      left join lateral (
        select x.created_at, x.contact_id from crm.conversations x
        where x.workspace_id = p_account.workspace_id and x.id = f.conversation_id offset 0
      ) v on true
      order by f.ordinal, v.contact_id is not distinct from p_contact_ids[f.ordinal] desc, v.created_at nulls last,
        f.conversation_id);
  end if;

  -- Only a conversation that this call claimed may lack a row. Any other without one was merged away meanwhile.
  select array_agg(f.conversation_id order by i.ordinal),
    array_agg(f.conversation_id is not null and v.id is null
      and row_number = 1 order by i.ordinal),
    bool_or(f.conversation_id is not null and v.id is null
      and (v_new_ids is null or f.conversation_id <> all (v_new_ids)))
  into conversation_ids, are_new, v_is_gone
  from (
    select i.ordinal, f.conversation_id, row_number() over (partition by f.conversation_id order by i.ordinal)
    from unnest(p_items) i
    left join unnest(v_found) f on f.ordinal = i.ordinal
  ) f
  join unnest(p_items) i on i.ordinal = f.ordinal
  left join lateral (
    select x.id from crm.conversations x
    where x.workspace_id = p_account.workspace_id and x.id = f.conversation_id offset 0
  ) v on true;
  if v_is_gone then
    raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
  end if;
end;
$$;
comment on function crm_private.resolve_conversations(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.item_key[], boolean, uuid[]
) is
  'The conversation of each item, by ordinal, and whether the item is the first of one without a row.

Null when no key names a conversation. Keys are claimed before rows, so one thread never gets two conversations.
p_will_link: a key is to be claimed, or a contact to be linked. p_contact_ids: the items'' contacts, by ordinal.
Conversations of two contacts stay two.';
