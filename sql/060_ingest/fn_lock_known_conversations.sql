create function crm_private.lock_known_conversations(p_account crm.channel_accounts, p_items jsonb)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid[];
begin
  select array_agg(k.conversation_id order by k.conversation_id) into v_ids
  from jsonb_array_elements(p_items) i (item)
  cross join lateral (select i.item #> '{participant,identities,0}' as identity offset 0) d
  cross join lateral (
    select x.conversation_id
    from crm.conversation_keys x
    where x.workspace_id = p_account.workspace_id and x.channel_account_id = p_account.id and x.kind = 'participant'
      and x.value = (d.identity ->> 'kind') || ':' || (d.identity ->> 'value')
    offset 0
  ) k;
  if cardinality(v_ids) is distinct from jsonb_array_length(p_items) then
    raise exception using errcode = 'OF002', message = 'The conversation of an item is not known.';
  end if;
  perform
  from unnest(v_ids) with ordinality i (id, place)
  cross join lateral (
    select from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id
    for no key update
  ) l;
end;
$$;
comment on function crm_private.lock_known_conversations(crm.channel_accounts, jsonb) is
  'Locks the conversations of items of the shape plain (fast_path_shape), in id order.

Raises OF002, with nothing locked, when one of them is not known.';
