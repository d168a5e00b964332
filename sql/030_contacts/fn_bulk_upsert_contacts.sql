create function crm.bulk_upsert_contacts(p_workspace_id uuid, p_sync_source text, p_contacts jsonb)
returns table (ordinal int, contact_id uuid, outcome text, sync_source text, version bigint, error jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_items crm_private.inbound_item[];
  v_nobody crm.channel_accounts;
  v_stored crm_private.contact_result[];
begin
  if p_sync_source is null or p_sync_source not in ('chat_embedded', 'contacts_api') then
    perform crm_private.reject_input('p_sync_source', 'The source is chat_embedded or contacts_api.');
  end if;
  if jsonb_typeof(p_contacts) is distinct from 'array' or jsonb_array_length(p_contacts) > 500 then
    perform crm_private.reject_input('p_contacts', 'The contacts are a JSON array of at most 500.');
  end if;
  if not exists (select from crm.workspaces w where w.id = p_workspace_id) then
    perform crm_private.raise_not_found('workspace', 'There is no such workspace.', 'Create it with create_workspace.');
  end if;

  v_nobody.workspace_id := p_workspace_id;
  v_items := array(
    select row(c.ordinal, null, c.contact, crm_private.event_time(c.contact ->> 'source_updated_at'), null,
      coalesce(c.contact ->> 'delivery', p_sync_source),
      case when c.path is not null then 'invalid_input' end, c.path)::crm_private.inbound_item
    from (
      select e.ordinal::int, e.contact,
        case when jsonb_typeof(e.contact) <> 'object' then '$' else '$' || p.path end as path
      from jsonb_array_elements(p_contacts) with ordinality e (contact, ordinal)
      left join (
        select x.ordinal, min(x.path) as path
        from crm_private.participant_problems(array(select jsonb_array_elements(p_contacts))) x
        group by x.ordinal
      ) p on p.ordinal = e.ordinal
    ) c
    order by c.ordinal);

  v_stored := array(select s from crm_private.store_contacts(v_nobody, p_sync_source, v_items) s);
  -- A statement of its own: the one before does not see what it wrote.
  return query
  select s.ordinal, s.contact_id, s.outcome, c.sync_source, c.version, s.error
  from unnest(v_stored) s
  left join lateral (
    select x.sync_source, x.version
    from crm.contacts x where x.workspace_id = p_workspace_id and x.id = s.contact_id offset 0
  ) c on true
  order by s.ordinal;
end;
$$;
comment on function crm.bulk_upsert_contacts(uuid, text, jsonb) is
  'upsert_contact for up to 500 contacts in one transaction: one row per contact, in order; ordinal counts from 1. A
contact that is malformed or that the database refuses has error ({code, path}) and no contact_id, and the others go in.
PT400 invalid_input, PT404 not_found.';
