create function crm_private.close_conversations(
  p_workspace_id uuid,
  p_conversation_ids uuid[],
  p_closed_at timestamptz[]
)
returns uuid[]
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_closing uuid[];
  v_closed uuid[];
begin
  -- Lock only the conversations that change, in id order.
  v_closing := array(
    select l.id
    from (
      select c.id, max(c.closed_at) as closed_at
      from unnest(p_conversation_ids, p_closed_at) c (id, closed_at)
      where c.id is not null and c.closed_at is not null
      group by c.id
      order by c.id
    ) i
    cross join lateral (
      select v.id
      from crm.conversations v
      where v.workspace_id = p_workspace_id and v.id = i.id and coalesce(v.status_changed_at, '-infinity') < i.closed_at
      for no key update
    ) l);
  if cardinality(v_closing) = 0 then
    return v_closing;
  end if;

  with closed as (
    update crm.conversations v set status = 'closed', status_changed_at = i.closed_at
    from (
      select c.id, max(c.closed_at) as closed_at
      from unnest(p_conversation_ids, p_closed_at) c (id, closed_at) group by c.id
    ) i
    where v.workspace_id = p_workspace_id and v.id = i.id and v.id = any (v_closing)
      and not exists (
        select from crm.messages m
        where m.conversation_id = v.id and m.direction = 'inbound' and m.sent_at > i.closed_at)
    returning v.id
  )
  select coalesce(array_agg(c.id), '{}') into v_closed from closed c;
  return v_closed;
end;
$$;
comment on function crm_private.close_conversations(uuid, uuid[], timestamptz[]) is
  'Closes conversations as of the times given, and returns those that it wrote.

A conversation stays open when the participant wrote later or the status changed later. A null time closes nothing.';
