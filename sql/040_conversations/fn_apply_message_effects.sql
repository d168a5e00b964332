create function crm_private.apply_message_effects(p_account crm.channel_accounts, p_message_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_ranks constant text[] := array['queued', 'sent', 'failed', 'delivered', 'read'];
  v_effect record;
begin
  -- Lock in a statement of its own: the next statement then reads the messages as they are under lock.
  -- A delivery to another conversation may speak of the same message.
  perform l.id
  from (select distinct m.id from unnest(p_message_ids) m (id) order by m.id) i
  cross join lateral (
    select x.id from crm.messages x where x.workspace_id = p_account.workspace_id and x.id = i.id
    for no key update
  ) l;

  for v_effect in
    select i.id, e.*
    from (select distinct m.id from unnest(p_message_ids) m (id)) i
    cross join lateral (
      select
        max(array_position(v_ranks, split_part(e.event_key, ':', -1)))
          filter (where e.event_type = 'status') as status_rank,
        (array_agg(e.payload -> 'error') filter (where e.event_type = 'status' and e.payload ? 'error'))[1] as error,
        (array_agg(e.payload ->> 'text'
          order by split_part(e.event_key, ':', -1)::bigint desc, length(e.payload ->> 'text') desc,
            e.payload ->> 'text' collate "C" desc)
          filter (where e.event_type = 'edit' and e.payload ? 'text'))[1] as body,
        max(split_part(e.event_key, ':', -1)::bigint) filter (where e.event_type = 'edit') as edit_number,
        min(e.occurred_at) filter (where e.event_type = 'unsend') as unsent_at
      from crm.contact_interaction_events e
      where e.message_id = i.id and e.event_type in ('status', 'edit', 'unsend')
    ) e
    where e.status_rank is not null or e.edit_number is not null or e.unsent_at is not null
  loop
    if v_effect.unsent_at is not null then
      update crm.contact_interaction_events e set payload = '{}'
      where e.message_id = v_effect.id and e.event_type = 'edit' and e.payload <> '{}';
    end if;

    update crm.messages m set
      status = n.status, error = n.error, edit_count = n.edit_count, unsent_at = n.unsent_at, body = n.body,
      attachments = n.attachments, payload = n.payload
    from (
      select
        case when x.direction = 'outbound'
          then v_ranks[greatest(array_position(v_ranks, x.status), v_effect.status_rank)]
        end as status,
        coalesce(x.error, v_effect.error) as error,
        greatest(x.edit_count, v_effect.edit_number) as edit_count,
        least(x.unsent_at, v_effect.unsent_at) as unsent_at,
        case
          when coalesce(x.unsent_at, v_effect.unsent_at) is not null then null
          when v_effect.edit_number > x.edit_count then nullif(v_effect.body, '')
          else x.body
        end as body,
        case when coalesce(x.unsent_at, v_effect.unsent_at) is not null then '[]' else x.attachments end as attachments,
        case when coalesce(x.unsent_at, v_effect.unsent_at) is not null then '{}' else x.payload end as payload
      from crm.messages x
      where x.workspace_id = p_account.workspace_id and x.id = v_effect.id
    ) n
    where m.workspace_id = p_account.workspace_id and m.id = v_effect.id
      and row(m.status, m.error, m.edit_count, m.unsent_at, m.body, m.attachments, m.payload)
        is distinct from row(n.status, n.error, n.edit_count, n.unsent_at, n.body, n.attachments, n.payload);
  end loop;
end;
$$;
comment on function crm_private.apply_message_effects(crm.channel_accounts, uuid[]) is
  'Brings the messages to what their stored events say: status, last edit, nothing of what was taken back.

The status only rises (I11). The result depends on the set of events, not on their order of arrival.';
