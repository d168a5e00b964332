create function crm_private.note_identity_fields(p_workspace_id uuid, p_contact_ids uuid[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_noted record;
  v_changed uuid[] := array[]::uuid[];
begin
  for v_noted in
    select i.id, n.wa_id, n.identification, n.identifications > 1 or n.has_outranked as is_disputed
    from (select distinct c.id from unnest(p_contact_ids) c (id) where c.id is not null order by c.id) i
    cross join lateral (
      select max(x.value) filter (where x.kind = 'wa_id') as wa_id,
        max(x.value) filter (where x.kind = 'identification') as identification,
        count(*) filter (where x.kind = 'identification') as identifications,
        coalesce(bool_or(x.is_outranked), false) as has_outranked
      from crm.contact_identities x
      where x.contact_id = i.id and (not x.is_previous or x.is_outranked)
    ) n
    cross join lateral (
      select x.wa_id, x.identification
      from crm.contacts x where x.workspace_id = p_workspace_id and x.id = i.id offset 0
    ) c
    where row(c.wa_id, c.identification) is distinct from row(n.wa_id, n.identification) or n.identifications > 1
      or n.has_outranked
  loop
    if v_noted.is_disputed then
      v_noted.identification := crm_private.settle_identifications(p_workspace_id, v_noted.id);
    end if;
    update crm.contacts c set wa_id = v_noted.wa_id, identification = v_noted.identification
    where c.workspace_id = p_workspace_id and c.id = v_noted.id
      and row(c.wa_id, c.identification) is distinct from row(v_noted.wa_id, v_noted.identification);
    if found then
      v_changed := v_changed || v_noted.id;
    end if;
  end loop;
  return v_changed;
end;
$$;
comment on function crm_private.note_identity_fields(uuid, uuid[]) is
  'Brings the wa_id and the identification of the contacts to what their identities say, and decides which of several
identifications counts; returns those that changed. The caller has locked the contacts.';
