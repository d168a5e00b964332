create function crm_private.reject_unnamed_items(p_items crm_private.inbound_item[], p_keys crm_private.item_key[])
returns crm_private.inbound_item[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_item crm_private.inbound_item;
begin
  foreach v_item in array p_items loop
    if v_item.problem is null and not exists (select from unnest(p_keys) k where k.ordinal = v_item.ordinal) then
      v_item.problem := 'no_conversation';
      v_item.problem_path := case when v_item.participant is null then '$' else '$.participant.identities' end;
      v_item.participant := null;
      p_items[v_item.ordinal] := v_item;
    end if;
  end loop;
  return p_items;
end;
$$;
comment on function crm_private.reject_unnamed_items(crm_private.inbound_item[], crm_private.item_key[]) is
  'Marks the items that neither a thread id nor a usable id of the participant on this channel gives a conversation.';
