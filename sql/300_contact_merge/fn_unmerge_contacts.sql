-- Security definer: members have no write on any table; the first act is the membership check.
create function crm.unmerge_contacts(p_merge_id uuid, p_workspace_id uuid default null)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
  v_merge crm.contact_merges;
  v_last crm.contact_merges;
  v_later crm.contact_merges[];
  v_domain text;
begin
  select m.workspace_id, m.survivor_id, m.duplicate_id into v_workspace_id, v_merge.survivor_id, v_merge.duplicate_id
  from crm.contact_merges m
  where m.id = p_merge_id and m.workspace_id = coalesce(p_workspace_id, m.workspace_id);
  perform crm_private.require_member(v_workspace_id, 'agent');
  if v_workspace_id is null then
    perform crm_private.raise_not_found('merge', 'There is no such merge.',
      'explain_contact lists the merges of a contact.');
  end if;

  -- Lock the survivor first, then the duplicate: the order of a delivery that writes to both.
  perform from crm.contacts c where c.workspace_id = v_workspace_id and c.id = v_merge.survivor_id for no key update;
  perform from crm.contacts c where c.workspace_id = v_workspace_id and c.id = v_merge.duplicate_id for no key update;
  select m.* into v_merge from crm.contact_merges m where m.workspace_id = v_workspace_id and m.id = p_merge_id;
  if v_merge.undone_at is not null then
    raise exception using errcode = 'PT409', message = 'The merge was undone already.',
      detail = jsonb_build_object('code', 'already_undone', 'undone_at', v_merge.undone_at)::text,
      hint = 'Nothing is left to do.';
  end if;

  -- A survivor that was merged away itself no longer has what moved: the last merge of the chain is undone first.
  v_last := v_merge;
  loop
    select m.* into v_last from crm.contact_merges m
    where m.workspace_id = v_workspace_id and m.duplicate_id = v_last.survivor_id and m.undone_at is null;
    exit when not found;
    v_later := array[v_last];
  end loop;
  if v_later is not null then
    raise exception using errcode = 'PT409', message = 'The contact was merged into another one since.',
      detail = jsonb_build_object('code', 'merged_again', 'merge_id', (v_later[1]).id)::text,
      hint = format('Undo merge %s first.', (v_later[1]).id);
  end if;

  -- Take back the later merges into the same survivor first, and apply them again at the end.
  v_later := array(
    select m from crm.contact_merges m
    where m.survivor_id = v_merge.survivor_id and m.undone_at is null
      and row(m.merged_at, m.id) > row(v_merge.merged_at, v_merge.id)
    order by m.merged_at, m.id);
  for v_place in reverse cardinality(v_later)..1 loop
    perform crm_private.unmerge_contact_rows(v_later[v_place]);
  end loop;
  perform crm_private.unmerge_contact_rows(v_merge);
  insert into crm.merge_candidates as c (workspace_id, contact_a_id, contact_b_id, status, evidence, decided_at)
  values (v_workspace_id, least(v_merge.survivor_id, v_merge.duplicate_id),
    greatest(v_merge.survivor_id, v_merge.duplicate_id),
    'rejected', jsonb_build_object('undone_merge', v_merge.id), clock_timestamp())
  on conflict (workspace_id, contact_a_id, contact_b_id) do update
  set status = 'rejected', decided_at = excluded.decided_at;
  for v_place in 1..cardinality(v_later) loop
    perform crm_private.reapply_contact_merge(v_later[v_place]);
  end loop;

  foreach v_domain in array crm_private.contact_domains() loop
    execute format('select crm_private.%I($1)', 'return_' || v_domain) using v_merge;
  end loop;
  update crm.contacts c set merged_into_id = null
  where c.workspace_id = v_workspace_id and c.id = v_merge.duplicate_id;
  perform crm_private.note_identity_fields(v_workspace_id, array[v_merge.survivor_id, v_merge.duplicate_id]);
  update crm.contact_merges m set undone_at = clock_timestamp()
  where m.workspace_id = v_workspace_id and m.id = v_merge.id;
end;
$$;
comment on function crm.unmerge_contacts(uuid, uuid) is
  'Undoes a merge: what moved returns to the duplicate, and the two stay apart from then on. For agents.

The duplicate also gets the conversations opened since under its identities, and what deliveries wrote that named it
alone. A field that still holds what the duplicate gave it becomes what it was. What another newer delivery wrote stays.
The pair becomes a rejected candidate. A conversation that a delivery made of one of each stays whole with its first
owner; the other contact continues in a new one.

PT401, PT403, PT404 not_found, PT409 already_undone, PT409 merged_again (undo merge_id in detail first).';
