create function crm_private.apply_message_effects(p_account crm.channel_accounts, p_message_ids uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  with effects as (
    select e.message_id,
      max(array_position(array['queued', 'sent', 'failed', 'delivered', 'read'], split_part(e.event_key, ':', -1)))
        filter (where e.event_type = 'status') as status_rank,
      (array_agg(e.payload -> 'error') filter (where e.event_type = 'status' and e.payload ? 'error'))[1] as error,
      (array_agg(e.payload ->> 'text' order by crm_private.edit_number(e.event_key) desc, length(e.payload ->> 'text') desc, e.payload ->> 'text' collate "C" desc)
        filter (where e.event_type = 'edit' and e.payload ? 'text'))[1] as edited_body,
      max(crm_private.edit_number(e.event_key)) filter (where e.event_type = 'edit') as edit_number,
      min(e.occurred_at) filter (where e.event_type = 'unsend') as unsent_at
    from crm.contact_interaction_events e
    where e.workspace_id = p_account.workspace_id and e.message_id = any (p_message_ids)
      and e.event_type in ('status', 'edit', 'unsend')
    group by e.message_id
  ), redacted as (
    update crm.contact_interaction_events e set payload = e.payload - 'text'
    from effects f
    where f.unsent_at is not null
      and e.workspace_id = p_account.workspace_id and e.message_id = f.message_id and e.event_type = 'edit' and e.payload ? 'text'
  ), computed as (
    select m.id,
      case when m.direction = 'outbound' then
        (array['queued', 'sent', 'failed', 'delivered', 'read'])[
          greatest(array_position(array['queued', 'sent', 'failed', 'delivered', 'read'], m.status), f.status_rank)]
      end as status,
      coalesce(m.error, f.error) as error,
      greatest(m.edit_count, f.edit_number) as edit_count,
      least(m.unsent_at, f.unsent_at) as unsent_at,
      case
        when coalesce(m.unsent_at, f.unsent_at) is not null then null
        when f.edit_number > m.edit_count then f.edited_body
        else m.body
      end as body,
      case when coalesce(m.unsent_at, f.unsent_at) is not null then '[]' else m.attachments end as attachments
    from crm.messages m
    join effects f on f.message_id = m.id
    where m.workspace_id = p_account.workspace_id
  )
  update crm.messages m set
    status = c.status, error = c.error, edit_count = c.edit_count, unsent_at = c.unsent_at, body = c.body, attachments = c.attachments
  from computed c
  where m.workspace_id = p_account.workspace_id and m.id = c.id
    and row(m.status, m.error, m.edit_count, m.unsent_at, m.body, m.attachments)
      is distinct from row(c.status, c.error, c.edit_count, c.unsent_at, c.body, c.attachments);
end;
$$;
comment on function crm_private.apply_message_effects(crm.channel_accounts, uuid[]) is
  'Brings the messages to what their stored events say: the highest status (I11: it only moves up), the text of the last edit, and nothing of what was taken back. Depends on the set of events alone, not on their order of arrival.';
