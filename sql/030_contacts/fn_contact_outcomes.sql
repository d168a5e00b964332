create function crm_private.contact_outcomes(
  p_workspace_id uuid,
  p_sync_source text,
  p_changes crm_private.contact_change[],
  p_created uuid[],
  p_upgraded uuid[]
)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    with items as materialized (
      select w.ordinal, w.contact_id, w.updates, w.is_stale,
        row_number() over (partition by w.contact_id order by w.ordinal) = 1 as is_first
      from unnest(p_changes) w
    ), contacts as materialized (
      select i.contact_id, c.needs_full_sync
      from (select distinct x.contact_id from items x where x.contact_id is not null) i
      cross join lateral (
        select x.needs_full_sync from crm.contacts x
        where x.workspace_id = p_workspace_id and x.id = i.contact_id offset 0
      ) c
    )
    select array_agg(case
        when i.contact_id is null then 'ignored'
        when i.is_first and n.id is not null then 'created'
        when i.is_first and u.id is not null then 'upgraded'
        when i.updates then 'updated'
        when p_sync_source = 'chat_embedded' and not c.needs_full_sync then 'linked'
        when i.is_stale then 'stale'
        else 'unchanged'
      end order by i.ordinal)
    from items i
    left join contacts c on c.contact_id = i.contact_id
    left join unnest(p_created) n (id) on n.id = i.contact_id
    left join unnest(p_upgraded) u (id) on u.id = i.contact_id
  );
end;
$$;
comment on function crm_private.contact_outcomes(uuid, text, crm_private.contact_change[], uuid[], uuid[]) is
  'What became of each item''s contact, in order: created, upgraded, updated (a field changed), linked (a chat met a
full contact and changed nothing), stale (only older values), unchanged, ignored (no usable identity).';
