create function crm_private.merge_contact_candidates(
  p_workspace_id uuid,
  p_survivor_id uuid,
  p_duplicate_id uuid,
  p_now timestamptz
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_row crm.merge_candidates;
  v_mine crm.merge_candidates;
  v_joined crm.merge_candidates;
  v_other uuid;
  v_pair jsonb;
  v_moved jsonb := '[]'::jsonb;
begin
  perform crm_private.lock_merge_candidates(p_workspace_id, p_survivor_id, p_duplicate_id);
  for v_row in
    select m.* from crm.merge_candidates m
    where m.workspace_id = p_workspace_id and p_duplicate_id in (m.contact_a_id, m.contact_b_id)
      and m.status <> 'merged'
    order by m.id
  loop
    v_other := case when v_row.contact_a_id = p_duplicate_id then v_row.contact_b_id else v_row.contact_a_id end;
    if v_other = p_survivor_id then
      update crm.merge_candidates m set status = 'merged', decided_at = p_now
      where m.workspace_id = p_workspace_id and m.id = v_row.id;
      v_pair := to_jsonb(v_row);
      continue;
    end if;

    select m.* into v_mine from crm.merge_candidates m
    where m.workspace_id = p_workspace_id
      and m.contact_a_id = least(p_survivor_id, v_other) and m.contact_b_id = greatest(p_survivor_id, v_other);
    if not found then
      update crm.merge_candidates m
      set contact_a_id = least(p_survivor_id, v_other), contact_b_id = greatest(p_survivor_id, v_other)
      where m.workspace_id = p_workspace_id and m.id = v_row.id;
      v_moved := v_moved || jsonb_build_object('row', to_jsonb(v_row));
      continue;
    end if;

    -- The survivor has a candidate with the same other contact: keep one row with both evidences.
    -- A rejection of one of them counts.
    v_joined := v_mine;
    if v_row.status = 'rejected' and v_mine.status <> 'rejected' then
      v_joined.status := v_row.status;
      v_joined.decided_at := v_row.decided_at;
    end if;
    v_joined.evidence := v_row.evidence || v_mine.evidence || coalesce((
      select jsonb_build_object('identities', jsonb_agg(distinct i.identity order by i.identity))
      from jsonb_array_elements(coalesce(v_row.evidence -> 'identities', '[]')
        || coalesce(v_mine.evidence -> 'identities', '[]')) i (identity)
      having count(*) > 0), '{}');
    delete from crm.merge_candidates m where m.workspace_id = p_workspace_id and m.id = v_row.id;
    update crm.merge_candidates m
    set status = v_joined.status, decided_at = v_joined.decided_at, evidence = v_joined.evidence
    where m.workspace_id = p_workspace_id and m.id = v_mine.id
      and row(m.status, m.evidence) is distinct from row(v_joined.status, v_joined.evidence);
    v_moved := v_moved
      || jsonb_build_object('row', to_jsonb(v_row), 'joins', to_jsonb(v_mine), 'joined', to_jsonb(v_joined));
  end loop;
  return jsonb_build_object('pair', v_pair, 'candidates', v_moved);
end;
$$;
comment on function crm_private.merge_contact_candidates(uuid, uuid, uuid, timestamptz) is
  'Gives the duplicate''s merge candidates to the survivor, and marks the pair of the two as merged.

Returns {pair, candidates}. pair is the pair''s row as it was; null when there was none. candidates are [{row, joins?,
joined?}]: a row as it was and, where the survivor had the same pair, that row before and after it took this one in.
Pairs that were merged earlier are history and stay. The caller has locked both contacts.';
