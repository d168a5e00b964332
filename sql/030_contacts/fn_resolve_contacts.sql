create function crm_private.resolve_contacts(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_identities crm_private.item_identity[],
  p_will_link boolean,
  p_now timestamptz,
  out contact_ids uuid[],
  out outcomes text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_new_ids uuid[];
  v_heirs uuid[];
  v_claimed int;
  v_unowned crm_private.item_identity[];
  v_owned crm_private.item_owner[];
  v_known crm_private.item_identity[];
  v_known_owned crm_private.item_owner[];
  v_changes crm_private.contact_change[];
  v_bridges int[];
  v_after_bridges int[];
  v_id_changes int[];
  v_identifications crm_private.item_identity[];
  v_is_corrected boolean;
  v_changed uuid[];
  v_ordinal int;
  v_written record;
begin
  outcomes := array_fill('ignored'::text, array[cardinality(p_items)]);
  contact_ids := array_fill(null::uuid, array[cardinality(p_items)]);
  if cardinality(p_identities) = 0 then
    return;
  end if;
  select l.owned, l.unowned, l.known into v_owned, v_unowned, v_known
  from crm_private.look_up_identities(p_workspace_id, p_identities) l;
  v_bridges := array(select o.ordinal from unnest(v_owned) o group by o.ordinal having count(*) > 1);

  -- Everything known and nothing new said: no lock, no write. Only a chat can say that little: a record also upgrades.
  select coalesce(array_agg(distinct d.ordinal) filter (where d.is_previous), '{}'),
    coalesce(array_agg(d) filter (where d.kind = 'identification' and not d.is_previous), '{}')
  into v_id_changes, v_identifications
  from unnest(p_identities) d;
  if p_sync_source = 'chat_embedded' and cardinality(v_unowned) = 0 and cardinality(v_bridges) = 0 and not p_will_link
    and cardinality(v_id_changes) = 0 then
    contact_ids := crm_private.owners_by_ordinal(v_owned, cardinality(p_items));
    v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items, contact_ids, v_identifications);
    if not exists (select from unnest(v_changes) c where c.sources is not null) then
      outcomes := crm_private.contact_outcomes(p_workspace_id, p_sync_source, v_changes, '{}', '{}');
      return;
    end if;
  end if;

  -- What nobody owns goes to the item's owner where it has one
  -- that may have it, else to a contact that gets its row later.
  v_new_ids := array(select gen_random_uuid() from generate_series(1, cardinality(p_items)));
  if cardinality(v_unowned) > 0 then
    v_heirs := crm_private.identity_heirs(p_workspace_id, p_identities, v_unowned, v_owned, cardinality(p_items));
    v_new_ids := array(
      select coalesce(n.heir_id, n.id)
      from unnest(v_heirs, v_new_ids) with ordinality n (heir_id, id, place) order by n.place);
    perform crm_private.lock_phone_variants(p_workspace_id, p_identities, v_unowned);
    v_claimed := crm_private.claim_identities(p_workspace_id, p_sync_source, p_items, v_unowned, v_owned, v_new_ids,
      v_id_changes);
    if v_claimed = cardinality(v_unowned) and not exists (select from unnest(p_identities) d where d.is_variant) then
      -- All of it is ours, and no two items named the same: the owners
      -- are known without another look, and nobody else can change them.
      v_known_owned := v_owned;
      v_owned := array(
        select row(o.ordinal, o.contact_id)::crm_private.item_owner
        from (select * from unnest(v_owned) union select u.ordinal, v_new_ids[u.ordinal] from unnest(v_unowned) u) o
        order by o.ordinal, o.contact_id);
    else
      select l.owned into v_owned from crm_private.look_up_identities(p_workspace_id, p_identities) l;
    end if;
  end if;

  -- Lock the owners and read them again: a merge moves identities while it holds both contacts. If one was waited for,
  -- begin anew without what is locked by now: the owner it went to may come before it in the order of locks.
  -- Whoever brings fields or a bridge may write; whoever brings
  -- neither only needs the contact to stay. One mode for all.
  v_bridges := array(select o.ordinal from unnest(v_owned) o group by o.ordinal having count(*) > 1 order by o.ordinal);
  perform crm_private.lock_contacts(p_workspace_id, v_owned,
    p_sync_source = 'contacts_api' or cardinality(v_bridges) > 0 or cardinality(v_unowned) > 0
    or cardinality(v_id_changes) > 0 or cardinality(v_identifications) > 0
    or exists (select from unnest(p_items) i where i.participant - 'identities' - 'previous_identities' <> '{}'));
  if v_known_owned is null then
    v_known := p_identities;
    v_known_owned := v_owned;
  end if;
  if (select l.owned from crm_private.look_up_identities(p_workspace_id, v_known) l) is distinct from v_known_owned
    or v_heirs is not null and crm_private.heirs_are_overtaken(p_workspace_id, v_unowned, v_heirs) then
    raise exception using errcode = 'serialization_failure',
      message = 'A contact was merged away, or learned another id, meanwhile.';
  end if;

  -- Before a bridge is judged: an id that was changed excludes nobody.
  if cardinality(v_id_changes) > 0 then
    perform crm_private.note_previous_identities(p_workspace_id, p_identities);
  end if;

  -- One owner: that is the contact.
  contact_ids := crm_private.owners_by_ordinal(v_owned, cardinality(p_items));
  -- Except where that was claimed for a bridge and has no row yet: whose it is shows when the bridge is resolved.
  v_after_bridges := array(
    select o.ordinal
    from unnest(v_owned) o
    where o.ordinal <> all (v_bridges)
      and o.contact_id in (select v_new_ids[b.ordinal] from unnest(v_bridges) b (ordinal))
    order by o.ordinal);
  foreach v_ordinal in array v_after_bridges loop
    contact_ids[v_ordinal] := null;
  end loop;
  v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items, contact_ids, v_identifications);
  v_is_corrected := cardinality(v_identifications) > 0 and exists (select from unnest(v_changes) w where w.corrects);
  select * into v_written from crm_private.write_contacts(p_workspace_id, p_sync_source, v_changes, p_now);
  outcomes := crm_private.contact_outcomes(p_workspace_id, p_sync_source, v_changes, v_written.created,
    v_written.upgraded);
  if exists (select from crm.contact_merges m where m.survivor_id = any (contact_ids) and m.undone_at is null) then
    perform crm_private.tell_duplicates(p_workspace_id, p_sync_source, p_items, p_identities, v_unowned, v_changes,
      v_written.upgraded, p_now);
  end if;

  -- Several owners: a bridge, one at a time.
  foreach v_ordinal in array v_bridges || v_after_bridges loop
    contact_ids[v_ordinal] := case
      when v_ordinal = any (v_bridges)
        then crm_private.resolve_bridge(p_workspace_id, p_sync_source, v_ordinal, p_identities, v_new_ids[v_ordinal])
      else (crm_private.identity_owners(p_workspace_id, v_ordinal, p_identities))[1]
    end;
    v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source, p_items[v_ordinal:v_ordinal], contact_ids,
      v_identifications);
    v_is_corrected := v_is_corrected or cardinality(v_identifications) > 0
      and exists (select from unnest(v_changes) w where w.corrects);
    select * into v_written from crm_private.write_contacts(p_workspace_id, p_sync_source, v_changes, p_now);
    outcomes[v_ordinal] := (crm_private.contact_outcomes(p_workspace_id, p_sync_source, v_changes, v_written.created,
      v_written.upgraded))[1];
    if exists (
      select from crm.contact_merges m where m.survivor_id = contact_ids[v_ordinal] and m.undone_at is null) then
      perform crm_private.tell_duplicates(p_workspace_id, p_sync_source, p_items, p_identities, v_unowned, v_changes,
        v_written.upgraded, p_now);
    end if;
    perform crm_private.record_merge_candidates(p_workspace_id, v_ordinal, p_identities, contact_ids[v_ordinal]);
  end loop;

  -- A bridge may have merged away a contact that an earlier item of this call was given.
  if cardinality(v_bridges) > 0 then
    contact_ids := array(
      select crm_private.surviving_contact(p_workspace_id, c.id)
      from unnest(contact_ids) with ordinality c (id, place) order by c.place);
  end if;

  if cardinality(v_id_changes) > 0 or v_is_corrected
    or exists (select from unnest(v_unowned) d where d.kind in ('wa_id', 'identification')) then
    v_changed := crm_private.note_identity_fields(p_workspace_id,
      contact_ids || array(select o.contact_id from unnest(v_owned) o where cardinality(v_id_changes) > 0));
    outcomes := array(
      select case when o.outcome in ('unchanged', 'linked', 'stale') and o.id = any (v_changed) then 'updated'
        else o.outcome end
      from unnest(outcomes, contact_ids) with ordinality as o (outcome, id, place)
      order by o.place);
  end if;
end;
$$;
comment on function crm_private.resolve_contacts(
  uuid, text, crm_private.inbound_item[], crm_private.item_identity[], boolean, timestamptz
) is
  'The contact of each item (by ordinal; null without a usable identity) and what became of it, creating, updating and
merging as the rules of resolution say. One identity never points at two contacts: its primary key is claimed before
anything else. p_will_link: the caller will write references to the contacts, which are then locked against merges in
any case.';
