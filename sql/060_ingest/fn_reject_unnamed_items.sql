create function crm_private.reject_unnamed_items(p_items crm_private.inbound_item[], p_keys crm_private.item_key[])
returns crm_private.inbound_item[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_item crm_private.inbound_item;
begin
  for v_item in
    select i.* from unnest(p_items) i
    left join (select distinct k.ordinal from unnest(p_keys) k) k on k.ordinal = i.ordinal
    where i.problem is null and k.ordinal is null
  loop
    v_item.problem := 'no_conversation';
    v_item.problem_path := case when v_item.participant is null then '$' else '$.participant.identities' end;
    v_item.participant := null;
    p_items[v_item.ordinal] := v_item;
  end loop;
  return p_items;
end;
$$;
comment on function crm_private.reject_unnamed_items(crm_private.inbound_item[], crm_private.item_key[]) is
  'Marks the items that neither a thread id nor a usable id of the participant on this channel gives a conversation.';
