create function crm_private.lock_conversations(
  p_account crm.channel_accounts,
  p_items crm_private.inbound_item[],
  p_events crm_private.inbound_event[],
  p_stored crm_private.inbound_event[],
  p_enriched uuid[],
  p_contact_ids uuid[],
  p_conversation_ids uuid[],
  p_are_new boolean[]
)
returns crm.conversations[]
language plpgsql
set search_path = ''
as $$
declare
  v_ids uuid[];
  v_locked crm.conversations[];
  v_is_gone boolean;
begin
  select array_agg(c.conversation_id) filter (where c.has_row and n.id is null and (c.changes or s.id is not null)),
    coalesce(bool_or(not c.has_row and n.id is null), false)
  into v_ids, v_is_gone
  from crm_private.conversation_changes(
    p_account.workspace_id, p_items, p_events, p_stored, p_contact_ids, p_conversation_ids) c
  left join (
    select distinct n.id from unnest(p_conversation_ids, p_are_new) n (id, is_new) where n.is_new
  ) n on n.id = c.conversation_id
  left join (
    select distinct p_conversation_ids[s.ordinal] as id from unnest(p_stored) s
  ) s on s.id = c.conversation_id;

  -- A copy may arrive in another conversation of the person than the one that has its message.
  v_ids := array(select i.id from unnest(v_ids) i (id) union select r.id from unnest(p_enriched) r (id));
  if cardinality(v_ids) > 0 then
    select array_agg(l.conversation order by (l.conversation).id) into v_locked
    from (select i.id from unnest(v_ids) i (id) order by i.id) i
    cross join lateral (
      select x as conversation from crm.conversations x where x.workspace_id = p_account.workspace_id and x.id = i.id
      for no key update
    ) l;
  end if;
  if v_is_gone or coalesce(cardinality(v_locked), 0) < cardinality(v_ids) then
    raise exception using errcode = 'serialization_failure', message = 'A conversation was merged away meanwhile.';
  end if;
  return v_locked;
end;
$$;
comment on function crm_private.lock_conversations(
  crm.channel_accounts, crm_private.inbound_item[], crm_private.inbound_event[], crm_private.inbound_event[], uuid[],
  uuid[], uuid[], boolean[]
) is
  'Locks the existing conversations that this delivery changes, in id order. Returns their rows under lock.

That includes those with a message that a copy adds to (p_enriched). Null when there is none.

serialization_failure when one was merged away meanwhile: the caller resolves the delivery again.';
