create function crm_private.tell_duplicates(
  p_workspace_id uuid,
  p_sync_source text,
  p_items crm_private.inbound_item[],
  p_identities crm_private.item_identity[],
  p_new crm_private.item_identity[],
  p_changes crm_private.contact_change[],
  p_upgraded uuid[],
  p_now timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_item record;
  v_named jsonb;
  v_came jsonb;
  v_contact_id uuid;
  v_merge record;
  v_told uuid[] := array_fill(null::uuid, array[cardinality(p_items)]);
  v_changes crm_private.contact_change[];
begin
  for v_item in
    -- Who brought nothing new, a replay for one, has nothing to tell.
    select c.contact_id, c.ordinal
    from unnest(p_changes) c
    where (c.sources is not null or c.contact_id = any (p_upgraded)
      or exists (select from unnest(p_new) u where u.ordinal = c.ordinal))
      and exists (select from crm.contact_merges m where m.survivor_id = c.contact_id and m.undone_at is null)
    order by c.ordinal
  loop
    -- What it names the contact by: ids that were known, and ids that
    -- came with it. One that somebody else was faster to bring was known.
    select coalesce(jsonb_agg(n.identity) filter (where not n.is_new), '[]'),
      coalesce(jsonb_agg(n.identity) filter (where n.is_new), '[]')
    into v_named, v_came
    from (
      select distinct jsonb_build_object('kind', d.kind, 'scope', d.scope, 'value', d.value) as identity,
        i.first_seen_at = now() and v_item.ordinal is not distinct from (
          select min(u.ordinal) from unnest(p_new) u
          where u.kind = d.kind and u.scope = d.scope and u.value = d.value) as is_new
      from unnest(p_identities) d
      cross join lateral (
        select x.first_seen_at, x.contact_id from crm.contact_identities x
        where x.workspace_id = p_workspace_id and x.kind = d.kind and x.scope = d.scope and x.value = d.value
        offset 0
      ) i
      where d.ordinal = v_item.ordinal and i.contact_id = v_item.contact_id
    ) n;
    continue when v_named = '[]';

    -- Down the merges, as long as one of them brought all of those that were known.
    v_contact_id := v_item.contact_id;
    loop
      select m.id, m.duplicate_id into v_merge
      from crm.contact_merges m
      where m.survivor_id = v_contact_id and m.undone_at is null and m.moved -> 'identities' @> v_named
      order by m.merged_at desc, m.id
      limit 1;
      exit when not found;
      update crm.contact_merges m set moved = jsonb_set(m.moved, '{identities}', m.moved -> 'identities' || v_came)
      where m.workspace_id = p_workspace_id and m.id = v_merge.id and not m.moved -> 'identities' @> v_came;
      v_told[v_item.ordinal] := v_merge.duplicate_id;
      v_changes := crm_private.contact_changes(p_workspace_id, p_sync_source,
        p_items[v_item.ordinal:v_item.ordinal], v_told,
        array(
          select d from unnest(p_identities) d
          where d.ordinal = v_item.ordinal and d.kind = 'identification' and not d.is_previous));
      perform crm_private.write_contacts(p_workspace_id, p_sync_source, v_changes, p_now);
      v_contact_id := v_merge.duplicate_id;
    end loop;
  end loop;
end;
$$;
comment on function crm_private.tell_duplicates(
  uuid, text, crm_private.inbound_item[], crm_private.item_identity[], crm_private.item_identity[],
  crm_private.contact_change[], uuid[], timestamptz
) is
  'Tells the contacts that were merged away into those of p_changes what the items wrote to them, where an item names
its contact only by ids that came with such a merge: so that undoing the merge can give it back. What of p_new, the ids
that nobody had, came with such an item goes back too. An item that changed nothing (p_changes), brought no id and
upgraded nobody (p_upgraded) tells nobody. The caller has locked the contacts; who was merged away is locked only by who
holds the survivor.';
